"""REST: what happened, added up by day."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import EVENT_TYPES, DailyFigures, DailyQuery
from specrec.kernel import wire
from specrec.kernel.openapi import schema_of
from specrec.kernel.paging import Page

JSON = "application/json"


class DailyView(APIView):
    """`/v1/reports/daily`."""

    required_scope = "events:read"

    @extend_schema(
        operation_id="list_daily_counts",
        tags=["events"],
        summary="What happened, by day",
        description="Events, quantities and revenue by UTC day, type, item, placement, channel and currency, in this "
        "order. Counted every ten minutes. Needs the scope `events:read`, which only secret keys have.",
        parameters=[
            OpenApiParameter("since", str, required=True, description="The first day, as 2026-11-01."),
            OpenApiParameter("until", str, required=True, description="The last day; it is included."),
            OpenApiParameter("type", str, enum=EVENT_TYPES, description="Only events of this type."),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
            OpenApiParameter("limit", int, description="1 to 500; 50 by default."),
        ],
        responses={(200, JSON): schema_of(Page[DailyFigures])},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer with a page."""
        query = wire.convert(request.query_params.dict(), DailyQuery, strict=False)
        page = api.list_daily_counts(
            site_id=profiles.caller_of(auth=request.auth).site_id,
            since=query.since,
            until=query.until,
            types=None if query.type is None else [query.type],
            cursor=query.cursor,
            limit=query.limit,
        )
        return HttpResponse(wire.encode(page), content_type=JSON)
