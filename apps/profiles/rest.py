"""Shoppers over REST: consent (a browser may set it for its own anonymous id), merge and profile (servers only)."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api
from apps.profiles.contracts import ConsentAnswer, ConsentInput, MergeInput, Shopper, ShopperProfile, ShopperRef
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

JSON = "application/json"
MAX_BODY = 16_384


class ConsentView(APIView):
    """What a shopper consents to."""

    required_scope = "shoppers:write"

    @extend_schema(
        operation_id="setConsent",
        summary="Record what a shopper consents to",
        tags=["shoppers"],
        request={JSON: schema_of(ConsentInput)},
        responses={(200, JSON): schema_of(ConsentAnswer)},
        examples=[
            OpenApiExample(
                "Consent banner",
                value={"anonymous_id": "a-7f3c", "granted": ["history_personalisation", "analytics"], "source": "web"},
                request_only=True,
            ),
            OpenApiExample(
                "What holds now", value={"granted": ["analytics", "history_personalisation"]}, response_only=True
            ),
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Record the word and answer what holds now. A publishable key may speak for an anonymous id only."""
        said = wire.decode(request.body, ConsentInput, max_bytes=MAX_BODY)
        answer = api.set_consent(caller=api.caller_of(auth=request.auth), said=said, now=clock.now())
        return HttpResponse(wire.encode(answer), content_type=JSON)


class MergeView(APIView):
    """A browser's shopper becomes a customer."""

    required_scope = "shoppers:write"

    @extend_schema(
        operation_id="mergeShoppers",
        summary="Make an anonymous shopper an alias of a customer",
        tags=["shoppers"],
        request={JSON: schema_of(MergeInput)},
        responses={(200, JSON): schema_of(Shopper)},
        examples=[
            OpenApiExample(
                "After signing in", value={"anonymous_id": "a-7f3c", "customer_id": "c-1001"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Merge the two; doing it again changes nothing. 409 when the anonymous id belongs to another customer."""
        asked = wire.decode(request.body, MergeInput, max_bytes=MAX_BODY)
        caller = api.caller_of(auth=request.auth)
        api.check_shopper_claim(caller=caller, ref=ShopperRef(customer_id=asked.customer_id))
        shopper = api.merge_shoppers(
            site_id=caller.site_id,
            anonymous_id=asked.anonymous_id,
            customer_id=asked.customer_id,
            now=clock.now(),
        )
        return HttpResponse(wire.encode(shopper), content_type=JSON)


class ProfileView(APIView):
    """A shopper as a back office sees it; ids travel in the body, to stay out of addresses and logs."""

    required_scope = "shoppers:read"

    @extend_schema(
        operation_id="getShopperProfile",
        summary="Show the identities and consents of a shopper",
        tags=["shoppers"],
        request={JSON: schema_of(ShopperRef)},
        responses={(200, JSON): schema_of(ShopperProfile)},
        examples=[OpenApiExample("By customer", value={"customer_id": "c-1001"}, request_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the profile, or 404 when nothing is known of the shopper."""
        ref = wire.decode(request.body, ShopperRef, max_bytes=MAX_BODY)
        profile = api.get_profile(site_id=api.caller_of(auth=request.auth).site_id, ref=ref)
        return HttpResponse(wire.encode(profile), content_type=JSON)
