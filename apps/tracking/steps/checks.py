"""Steps that look at one event alone: is it what its type needs, and may this caller say so."""

import json
from decimal import Decimal
from uuid import UUID

import msgspec

from apps.profiles.contracts import PURPOSES
from apps.tracking.contracts import EVENT_TYPES, DropReason, EventInput
from apps.tracking.steps.draft import Batch, Draft
from specrec.kernel import wire

_MAX_PRICE = Decimal(1_000_000)
_PRICE_STEP = Decimal("0.0001")
_PURPOSES = frozenset(PURPOSES)
_NEEDED: dict[str, tuple[str, ...]] = {
    "search": ("query",),
    "rate": ("item_id", "rating"),
    "purchase": ("item_id", "order_id", "unit_price", "currency"),
    "return": ("item_id", "order_id", "unit_price", "currency"),
}
_ITEM = ("item_id",)
_DECODER = msgspec.json.Decoder(EventInput)


class _OnlyId(msgspec.Struct):
    id: UUID


_ID_DECODER = msgspec.json.Decoder(_OnlyId)


def put_event(draft: Draft, batch: Batch) -> None:  # noqa: ARG001 - all steps have one signature
    """Decode and check the event against its schema: the only validation pass."""
    try:
        draft.event = _DECODER.decode(draft.raw)
        draft.event_id = draft.event.id
    except msgspec.ValidationError as error:
        invalid = wire.invalid_from(error)
        draft.event_id = _find_id(draft.raw)
        ways = f" The types are {', '.join(EVENT_TYPES)}." if invalid.field == "type" else ""
        draft.drop(DropReason.INVALID, invalid.field, f"{invalid.message}{ways}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        draft.event_id = _find_id(draft.raw)
        draft.drop(DropReason.INVALID, _find_bad_field(draft.raw), f"Not valid JSON: {error}.")


def drop_claim(draft: Draft, batch: Batch) -> None:
    """Drop what this key may not say: customer ids, historical and replayed events need a secret key."""
    if batch.is_server:
        return
    if draft.event.customer_id is not None:
        draft.drop(DropReason.NOT_ALLOWED, "customer_id", "A publishable key may only name an anonymous_id.")
    elif draft.event.historical:
        draft.drop(DropReason.NOT_ALLOWED, "historical", "Historical events need a secret key.")
    elif draft.event.replay:
        draft.drop(DropReason.NOT_ALLOWED, "replay", "Replayed events need a secret key.")


def drop_incomplete(draft: Draft, batch: Batch) -> None:  # noqa: ARG001 - all steps have one signature
    """Drop the event when its type needs a field that is absent."""
    event = draft.event
    for name in _NEEDED.get(event.type, _ITEM):
        if getattr(event, name) is None:
            draft.drop(DropReason.MISSING_FIELD, name, f"An event of type {event.type} needs {name}.")
            return
    if event.consent is not None and event.anonymous_id is None and event.customer_id is None:
        draft.drop(DropReason.MISSING_FIELD, "anonymous_id", "A consent needs the shopper who gives it.")


def drop_unknown_purpose(draft: Draft, batch: Batch) -> None:  # noqa: ARG001 - all steps have one signature
    """Drop the event when it grants a purpose that does not exist."""
    if draft.event.consent and not _PURPOSES.issuperset(draft.event.consent):
        draft.drop(DropReason.INVALID, "consent", f"The purposes are {', '.join(PURPOSES)}.")


def put_unit_price(draft: Draft, batch: Batch) -> None:  # noqa: ARG001 - all steps have one signature
    """Put the price with four decimals; drop the event when it is not an amount of money."""
    price = draft.event.unit_price
    if price is None:
        return
    if not price.is_finite() or not 0 <= price <= _MAX_PRICE:
        draft.drop(DropReason.INVALID, "unit_price", f"Expected an amount from 0 to {_MAX_PRICE:,}.")
        return
    draft.unit_price = price.quantize(_PRICE_STEP)


def drop_without_placement(draft: Draft, batch: Batch) -> None:  # noqa: ARG001 - all steps have one signature
    """Drop the event when it tells a place within, or the answer of, a placement that it does not name."""
    context = draft.event.context
    if context.placement is not None:
        return
    for name in ("position", "recommendation_id"):
        if getattr(context, name) is not None:
            draft.drop(DropReason.INCONSISTENT, f"context.{name}", f"{name} needs the placement that it is of.")
            return


def drop_duplicate(draft: Draft, batch: Batch) -> None:
    """End the way of an event that the batch held already. After all drops: they must not hide a good one."""
    key = (draft.event.id, draft.day)
    if key in batch.seen:
        draft.duplicate = True
    batch.seen.add(key)


def _find_id(raw: msgspec.Raw) -> UUID | None:
    try:
        return _ID_DECODER.decode(raw).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # then the answer names the event by its index alone


def _find_bad_field(raw: msgspec.Raw) -> str | None:
    """Return the field with what the decoder calls malformed: wrong bytes, half a surrogate pair, a NaN."""
    try:
        fields = json.loads(bytes(raw).decode(errors="surrogateescape"))
    except (ValueError, RecursionError):
        return None
    for name, value in fields.items() if isinstance(fields, dict) else ():
        try:
            msgspec.json.decode(json.dumps(value))
        except (msgspec.MsgspecError, RecursionError):
            return str(name.encode(errors="replace").decode())
    return None
