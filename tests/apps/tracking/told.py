"""Events as they stand in the stream, put there past the intake."""

import uuid
from typing import Any

from apps.tracking.contracts import TrackedEvent
from apps.tracking.models import Event
from apps.tracking.stream import records
from apps.tracking.stream.choice import get_stream
from tests.apps.tracking.scene import NOW


def tracked(**changes: Any) -> TrackedEvent:
    given: dict[str, Any] = dict.fromkeys(TrackedEvent.__struct_fields__) | {
        "site_id": "uk",
        "event_id": uuid.uuid4(),
        "day": NOW.date(),
        "type": "view",
        "time": NOW,
        "received_at": NOW,
        "item_id": "frame-1",
        "quantity": 1,
        "channel": "web",
        "historical": False,
        "replay": False,
    }
    return TrackedEvent(**given | changes)


def append(*events: TrackedEvent) -> None:
    get_stream().append([records.from_event(event) for event in events])


def stored_ids() -> list[uuid.UUID]:
    return sorted(Event.objects.values_list("event_id", flat=True))
