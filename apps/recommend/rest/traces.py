"""REST: traces of answers."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.recommend import api
from apps.recommend.contracts.traces import Replay, ReplayRequest, TraceInfo, TraceQuery, TraceSummary
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import wire
from specrec.kernel.openapi import schema_of
from specrec.kernel.paging import Page

SCOPE = "recommend:trace"


class TracesView(APIView):
    """The kept traces of a site."""

    required_scope = SCOPE

    @extend_schema(
        operation_id="list_traces",
        tags=["traces"],
        parameters=[
            OpenApiParameter("placement", str),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
            OpenApiParameter("limit", int, description="1 to 500; 50 by default."),
        ],
        responses={(200, JSON): schema_of(Page[TraceSummary])},
    )
    def get(self, request: Request) -> HttpResponse:
        """List them, newest first."""
        query = wire.convert(request.query_params.dict(), TraceQuery, strict=False)
        return as_json(api.list_traces(site_id=site_of(request), query=query))


class TraceView(APIView):
    """One trace. It tells what was known of the shopper, so only a key with this scope opens it."""

    required_scope = SCOPE

    @extend_schema(operation_id="show_trace", tags=["traces"], responses={(200, JSON): schema_of(TraceInfo)})
    def get(self, request: Request, trace_id: UUID) -> HttpResponse:
        """Show how the answer with this `recommendation_id` came about."""
        return as_json(api.show_trace(site_id=site_of(request), trace_id=trace_id))


class TraceReplayView(APIView):
    """The same question, asked again."""

    required_scope = SCOPE

    @extend_schema(
        operation_id="replay_trace",
        tags=["traces"],
        request={JSON: schema_of(ReplayRequest)},
        responses={(200, JSON): schema_of(Replay)},
        examples=[OpenApiExample("against what answers today", value={"against": "now"}, request_only=True)],
    )
    def post(self, request: Request, trace_id: UUID) -> HttpResponse:
        """Ask again, of what answers now or of what answered then, and say what is other and why."""
        asked = wire.decode(request.body or b"{}", ReplayRequest)
        found = api.replay_trace(site_id=site_of(request), trace_id=trace_id, against=asked.against)
        return as_json(found)
