"""REST: recommendations."""

import hashlib
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request as RestRequest

from apps.recommend import api
from apps.recommend.contracts.serving import Answer, Request
from apps.recommend.rest.answers import JSON, as_json, site_of
from apps.recommend.rest.doors import DOORS, SCOPE
from apps.recommend.rest.quick import QuickView
from specrec.kernel import clock, wire
from specrec.kernel.errors import Invalid
from specrec.kernel.openapi import schema_of

_ASKED = {
    "placement": "product",
    "shopper": {"anonymous_id": "b5d1c1f0"},
    "item_ids": ["frame-aurora-round-52"],
    "store_id": "london-1",
    "limit": 4,
}
_NOBODYS = UUID(int=0)
_MANY = frozenset({"item_id", "exclude_item_id"})


class RecommendationsView(QuickView):
    """The question of a storefront: what should this shopper, in this place, see next?"""

    required_scope = SCOPE
    door = DOORS["recommendations"]

    @extend_schema(
        operation_id="recommend",
        tags=["recommendations"],
        summary="Recommend items for a placement",
        request={JSON: schema_of(Request)},
        responses={(200, JSON): schema_of(Answer)},
        examples=[OpenApiExample("a product page", value=_ASKED, request_only=True)],
    )
    def post(self, request: RestRequest) -> HttpResponse:
        """Answer for this shopper; ids travel in the body, out of addresses and logs."""
        return self.answer(request)

    @extend_schema(
        operation_id="recommend_for_everybody",
        tags=["recommendations"],
        summary="Recommend items for a placement, whoever asks",
        parameters=[
            OpenApiParameter("placement", str, required=True),
            OpenApiParameter("item_id", str, many=True),
            OpenApiParameter("exclude_item_id", str, many=True),
            OpenApiParameter("store_id", str),
            OpenApiParameter("locale", str),
            OpenApiParameter("channel", str),
            OpenApiParameter("limit", int),
        ],
        responses={(200, JSON): schema_of(Answer), (304, JSON): None},
    )
    def get(self, request: RestRequest) -> HttpResponse:
        """Answer from context, stock and popularity alone; may be cached for a second, and asked again by ETag."""
        asked = _from_query(request)

        def seen(answer: Answer) -> bool:
            return request.method == "GET" and not _has_already(request, tag_of(answer))

        answer = api.recommend(site_id=site_of(request), request=asked, now=clock.now(), seen=seen)
        tag = tag_of(answer)
        response = HttpResponse(status=304) if _has_already(request, tag) else as_json(answer)
        response["ETag"] = tag
        response["Cache-Control"] = "max-age=1"
        response["Vary"] = "Authorization, X-Specrec-Key"
        return response


def tag_of(answer: Answer) -> str:
    """Return the ETag: of all that is said, without the id that every answer has of its own."""
    said = msgspec.structs.replace(answer, recommendation_id=_NOBODYS)
    return f'"{hashlib.sha256(wire.encode(said)).hexdigest()[:32]}"'


def _has_already(request: RestRequest, tag: str) -> bool:
    """Return whether the caller holds what the tag stands for (RFC 9110: a list, weak ones count, * is any)."""
    held = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in held or tag in {one.removeprefix("W/") for one in held}


def _from_query(request: HttpRequest | RestRequest) -> Request:
    """Return the query as a request; raises Invalid for what only a POST may say."""
    values: dict[str, str | list[str]] = {}
    for name, given in request.GET.lists():
        if name in _MANY:
            values[f"{name}s"] = given
        elif len(given) > 1:
            raise Invalid(f"{name} is given {len(given)} times; once is enough.", code="invalid_value", field=name)
        elif name in {"shopper", "history", "search", "profile", "trace", "item_ids", "exclude_item_ids"}:
            message = f"{name} is not part of a GET, whose answer is the same for everybody. Use POST."
            raise Invalid(message, code="unknown_field", field=name)
        else:
            values[name] = given[0]
    return msgspec.structs.replace(wire.convert(values, Request, strict=False), profile="none")
