"""REST: an event in the address of a picture, for mails and pages without JavaScript."""

from collections.abc import Iterable

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.tracking import api
from apps.tracking.contracts import EVENT_TYPES, EventResult
from specrec.kernel import clock
from specrec.kernel.errors import Problem

# One transparent point.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_NO_STORE = {"Cache-Control": "no-store"}
_HEADER = OpenApiParameter(
    "Specrec-Result",
    str,
    OpenApiParameter.HEADER,
    response=True,
    description="`accepted`; `dropped; reason=REASON; field=FIELD`; `refused; code=CODE`",
)
_PARAMETERS = [
    OpenApiParameter("key", str, required=True, description="A publishable key: anybody can read it there"),
    OpenApiParameter("type", str, required=True, enum=EVENT_TYPES),
    OpenApiParameter("id", str, description="A UUID, so that a picture loaded twice counts once; else made here"),
    OpenApiParameter("time", str, description="RFC 3339 with an offset; now, when absent"),
    OpenApiParameter("item_id", str),
    OpenApiParameter("anonymous_id", str),
    OpenApiParameter("consent", str, description="Purposes with commas between them"),
    OpenApiParameter("placement", str, description="This and what follows is the event's `context`"),
    OpenApiParameter("channel", str),
    OpenApiParameter("campaign", str),
    OpenApiParameter("recommendation_id", str),
    OpenApiParameter("position", int),
    _HEADER,
]


class _NoChoice(BaseContentNegotiation):
    """There is one answer, whatever is asked for: who shows pictures accepts those alone, which is no fault."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        """A picture's address has no body."""

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the signature is the library's
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - the same
    ) -> tuple[BaseRenderer, str]:
        """Return any: the view renders nothing by it."""
        first = next(iter(renderers))
        return first, first.media_type


class PixelView(APIView):
    """`/v1/events/pixel.gif`. A picture has no place for an error, so the answer is always the picture."""

    content_negotiation_class = _NoChoice
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @extend_schema(
        operation_id="record_event_pixel",
        tags=["events"],
        summary="Record one event by loading a picture",
        description="Every field of an event is a parameter, those of its context too. The page that shows the "
        "picture must be of an origin of the key, where the browser tells it. Always 200 and one transparent point.",
        parameters=_PARAMETERS,
        responses={(200, "image/gif"): OpenApiResponse({"type": "string", "format": "binary"})},
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Take the event in and answer with the picture."""
        headers = request.META
        try:
            result = api.ingest_pixel(
                parameters={name: str(value) for name, value in request.query_params.items()},
                page=headers.get("HTTP_REFERER") or headers.get("HTTP_ORIGIN"),
                received_at=clock.now(),
                user_agent=headers.get("HTTP_USER_AGENT"),
            )
        except Problem as problem:
            told = f"refused; code={problem.code}"
        else:
            told = _told(result)
        return _picture(told)

    @extend_schema(exclude=True)
    def head(self, request: Request) -> HttpResponse:  # noqa: ARG002 - the signature of a DRF view
        """Answer as to `get`, taking nothing in: who asks only whether the picture is there shows it to nobody."""
        return _picture("none")


def _picture(told: str) -> HttpResponse:
    return HttpResponse(GIF, content_type="image/gif", headers=_NO_STORE | {"Specrec-Result": told})


def _told(result: EventResult) -> str:
    if result.reason is None:
        return "accepted"
    # A field that we do not know is the client's text, and headers are no place for that.
    field = result.field if result.field and result.field.replace("_", "").replace(".", "").isalnum() else None
    return f"dropped; reason={result.reason}" + (f"; field={field}" if field and field.isascii() else "")
