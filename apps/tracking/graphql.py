"""GraphQL: `recordEvents`, the same intake as REST."""

from typing import Any

import graphene
import msgspec

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import EVENT_TYPES, Envelope, SentAt
from apps.tracking.contracts import IngestResult as Result
from specrec.kernel import clock, wire

EventType = graphene.Enum("EventType", [(name, name) for name in EVENT_TYPES])


class EventContextInput(graphene.InputObjectType):
    """Where it happened."""

    placement = graphene.String()
    position = graphene.Int(description="1-based place in the slate")
    recommendation_id = graphene.ID()
    channel = graphene.String()
    store_id = graphene.String()
    user_agent = graphene.String(description="the shopper's, told by a server; only the class of the device is kept")
    referrer = graphene.String(description="address of the page before; only its class is kept")
    campaign = graphene.String()


class EventInput(graphene.InputObjectType):
    """One event. `id` is made by the client once, so that a retry counts once."""

    id = graphene.ID(required=True, description="a UUID")
    type = graphene.Field(EventType, required=True)
    time = graphene.String(required=True, description="RFC 3339, with an offset")
    anonymous_id = graphene.String()
    customer_id = graphene.String(description="needs a secret key")
    session_id = graphene.String()
    item_id = graphene.String()
    sku = graphene.String()
    quantity = graphene.Int()
    unit_price = graphene.String(description="a decimal number")
    currency = graphene.String()
    order_id = graphene.String()
    query = graphene.String()
    rating = graphene.Float()
    context = graphene.Field(EventContextInput)
    consent = graphene.List(graphene.NonNull(graphene.String))
    historical = graphene.Boolean(description="an import of any age; needs a secret key")
    replay = graphene.Boolean(description="to the table only; needs a secret key")


class EventResult(graphene.ObjectType):
    """What became of one event."""

    index = graphene.Int(required=True)
    status = graphene.String(required=True)
    id = graphene.ID()
    reason = graphene.String()
    field = graphene.String()
    message = graphene.String()


class RecordEvents(graphene.Mutation):
    """Record up to 1,000 events; those accepted are durable."""

    class Arguments:
        events = graphene.List(graphene.NonNull(EventInput), required=True)
        sent_at = graphene.String(description="the client's clock as it sends, RFC 3339; corrects the events' times")

    accepted = graphene.Int(required=True)
    duplicate = graphene.Int(required=True)
    dropped = graphene.Int(required=True)
    results = graphene.List(graphene.NonNull(EventResult), required=True)

    @staticmethod
    def mutate(
        _root: None, info: graphene.ResolveInfo, events: list[dict[str, Any]], sent_at: str | None = None
    ) -> Result:
        """Take the events in as REST does, from the same bytes."""
        received_at = clock.now()
        caller = profiles.require_scope(caller=info.context.caller, scope=api.SCOPE)
        headers = info.context.META
        envelope = Envelope(
            events=[msgspec.Raw(msgspec.json.encode(_plain(event))) for event in events],
            sent_at=None if sent_at is None else wire.convert(sent_at, SentAt, at="sentAt"),
            user_agent=headers.get("HTTP_USER_AGENT"),
            origin=headers.get("HTTP_ORIGIN"),
        )
        return api.ingest(caller=caller, envelope=envelope, received_at=received_at)


class Mutation(graphene.ObjectType):
    """What tracking adds to the schema."""

    record_events = RecordEvents.Field(required=True)


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    """Return the input without nulls, which mean the same as leaving the field out."""
    found = {name: value for name, value in event.items() if value is not None}
    if "context" in found:
        found["context"] = _plain(found["context"])
    return found | ({"type": found["type"].value} if "type" in found else {})
