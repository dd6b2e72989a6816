"""Filters over REST: for editors, before they are stored anywhere."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.rest.bodies import FilterQuestion
from apps.profiles import api as profiles
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

JSON = "application/json"


class FilterCheckView(APIView):
    """What a filter lets through."""

    required_scope = "catalog:write"  # it reads the whole catalogue: not for everybody who may show it

    @extend_schema(
        operation_id="checkFilter",
        summary="Check a filter",
        description="A filter that cannot be read is answered with 400: its place, and what was expected there.",
        tags=["catalogue"],
        request={JSON: schema_of(FilterQuestion)},
        responses={(200, JSON): schema_of(api.FilterCheck)},
        examples=[
            OpenApiExample(
                "Round frames below 150",
                value={"filter": 'item_type = "frame" and shape = "round" and price < 150', "store_id": "leeds"},
                request_only=True,
            ),
            OpenApiExample(
                "Twelve of them",
                value={
                    "filter": 'item_type = "frame" and shape = "round" and price < 150',
                    "matching": 12,
                    "items": 640,
                    "examples": ["aldgate-tortoise"],
                    "warnings": [],
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with how many published items the filter lets through, some of them, and what never matches."""
        asked = wire.decode(request.body, FilterQuestion)
        site_id = profiles.caller_of(auth=request.auth).site_id
        checked = api.check_filter(site_id=site_id, text=asked.filter, store_id=asked.store_id, now=clock.now())
        return HttpResponse(wire.encode(checked), content_type=JSON)
