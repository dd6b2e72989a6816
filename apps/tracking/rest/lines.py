"""REST: lines of events from servers."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import MAX_BULK_BYTES, BulkResult
from specrec.kernel import clock, wire
from specrec.kernel.errors import TooLarge
from specrec.kernel.openapi import schema_of

_RESULT = {
    "lines": 2,
    "accepted": 1,
    "duplicate": 0,
    "dropped": 1,
    "problems": [
        {
            "line": 2,
            "reason": "missing_field",
            "id": "3a86c4de-0d1c-4a5e-9a54-6f3f5b0c2d77",
            "field": "order_id",
            "message": "An event of type purchase needs order_id.",
        }
    ],
}


class LinesView(APIView):
    """`/v1/events/bulk`."""

    required_scope = "events:write"

    @extend_schema(
        operation_id="record_event_lines",
        tags=["events"],
        summary="Record events as JSON Lines",
        description="One event a line, 64 MB at most, gzip is understood; needs a secret key. Lines are worked in "
        "slices of 1,000, each durable before the next. With status 503, `accepted_lines` says how many lines are "
        "worked: send the others again.",
        parameters=[OpenApiParameter("Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip", "identity"])],
        request={"application/x-ndjson": {"type": "string"}},
        responses={(202, "application/json"): schema_of(BulkResult)},
        examples=[OpenApiExample("One taken, one not", value=_RESULT, response_only=True, status_codes=["202"])],
    )
    def post(self, request: Request) -> HttpResponse:
        """Take the lines in."""
        received_at = clock.now()
        caller = api.require_server(caller=profiles.caller_of(auth=request.auth))  # before up to 64 MB are read
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "")
        body = api.inflate(body=request.body, encoding=encoding, max_bytes=MAX_BULK_BYTES)
        if len(body) > MAX_BULK_BYTES:
            message = f"The body has {len(body):,} bytes; at most {MAX_BULK_BYTES:,} are accepted."
            raise TooLarge(message, code="too_large", max_bytes=MAX_BULK_BYTES)
        result = api.ingest_lines(caller=caller, body=body, received_at=received_at)
        return HttpResponse(wire.encode(result), content_type="application/json", status=202)
