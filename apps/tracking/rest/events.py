"""REST: events come in. 202 with a result for each event; a 4xx is about the envelope."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import BeaconBody, EventBatch, IngestResult, StreamStatus
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

_VIEW = {
    "id": "0b5c0ed8-6f64-4b39-8c7e-8f3b1d3c8a11",
    "type": "view",
    "time": "2026-11-22T09:30:00Z",
    "anonymous_id": "browser-7f3a",
    "session_id": "s-19",
    "item_id": "frame-0042",
    "consent": ["history_personalisation"],
}
_PURCHASE = {
    "id": "3a86c4de-0d1c-4a5e-9a54-6f3f5b0c2d77",
    "type": "purchase",
    "time": "2026-11-22T09:41:12Z",
    "customer_id": "c-1001",
    "item_id": "frame-0042",
    "sku": "frame-0042-52-black",
    "order_id": "o-5005",
    "unit_price": "129.00",
    "currency": "GBP",
    "context": {"channel": "store", "store_id": "london-01"},
}
_EXAMPLES = [
    OpenApiExample("A view with consent", value={"events": [_VIEW]}, request_only=True),
    OpenApiExample("A purchase, told by a server", value={"events": [_PURCHASE]}, request_only=True),
    OpenApiExample("A single event", value=_VIEW, request_only=True),
    OpenApiExample(
        "One taken, one not",
        value={
            "accepted": 1,
            "duplicate": 0,
            "dropped": 1,
            "results": [
                {"index": 0, "status": "accepted", "id": _VIEW["id"]},
                {
                    "index": 1,
                    "status": "dropped",
                    "id": _PURCHASE["id"],
                    "reason": "not_allowed",
                    "field": "customer_id",
                    "message": "A publishable key may only name an anonymous_id.",
                },
            ],
        },
        response_only=True,
        status_codes=["202"],
    ),
]
_RESPONSES = {(202, "application/json"): schema_of(IngestResult)}


class EventsView(APIView):
    """`/v1/events`."""

    required_scope = "events:write"

    @extend_schema(
        operation_id="record_events",
        tags=["events"],
        summary="Record up to 1,000 events",
        description="An object with `events`, or one event. 1 MB at most, `Content-Encoding: gzip` is understood. "
        "An accepted event is durable; sending it again with the same `id` and `time` counts once. With `sent_at`, the "
        "client's clock as it sends, times are corrected by what that clock is off.",
        request={"application/json": OpenApiRequest(schema_of(EventBatch), examples=_EXAMPLES[:3])},
        responses=_RESPONSES,
        examples=_EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponse:
        """Take the events in."""
        received_at = clock.now()
        body = api.inflate(body=request.body, encoding=request.META.get("HTTP_CONTENT_ENCODING", ""))
        agent, origin = request.META.get("HTTP_USER_AGENT"), request.META.get("HTTP_ORIGIN")
        envelope = api.decode_envelope(body=body, user_agent=agent, origin=origin)
        caller = profiles.caller_of(auth=request.auth)
        return _accepted(api.ingest(caller=caller, envelope=envelope, received_at=received_at))


class BeaconView(APIView):
    """`/v1/events/beacon`: for `navigator.sendBeacon`, which sends text without headers; the key is in the body."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @extend_schema(
        operation_id="record_events_beacon",
        tags=["events"],
        summary="Record events as a page is left",
        description='The body is `{"key": ..., "events": [...], "sent_at": ...}`, as `text/plain` or JSON.',
        request={"text/plain": schema_of(BeaconBody), "application/json": schema_of(BeaconBody)},
        responses=_RESPONSES,
        auth=[],
    )
    def post(self, request: Request) -> HttpResponse:
        """Take the events in."""
        received_at = clock.now()
        agent, origin = request.META.get("HTTP_USER_AGENT"), request.META.get("HTTP_ORIGIN")
        return _accepted(api.ingest_beacon(body=request.body, origin=origin, received_at=received_at, user_agent=agent))


class StatusView(APIView):
    """`/v1/events/status`."""

    required_scope = "events:read"

    @extend_schema(
        operation_id="get_event_status",
        tags=["events"],
        summary="How far the consumers are behind",
        description="For operators: by consumer group, the number of records, of all sites, not yet acknowledged. "
        "Needs the scope `events:read`, which only secret keys have.",
        responses={(200, "application/json"): schema_of(StreamStatus)},
    )
    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - the signature of a DRF view
        """Return the lags."""
        return HttpResponse(
            wire.encode(StreamStatus(lag=api.status(), strayed=api.count_strayed())), content_type="application/json"
        )


def _accepted(result: IngestResult) -> HttpResponse:
    return HttpResponse(wire.encode(result), content_type="application/json", status=202)
