"""Events as the features see them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from apps.recommend.features.extract import apply_events
from apps.recommend.features.held import Held
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.state import EMPTY, Changes, CountKey, ShopperState, StateKey
from apps.tracking.contracts import TrackedEvent

SITE = "lens-lane"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_SECONDS = NOW.timestamp()
ANNA = UUID(int=1)
BEN = UUID(int=2)


def event(number: int, item: str | None = "frame-1", kind: str = "view", **said: Any) -> TrackedEvent:
    """Return an event of Anna, `minutes` before NOW."""
    values: dict[str, Any] = {
        "site_id": SITE, "event_id": UUID(int=number), "day": NOW.date(), "type": kind,
        "time": NOW - timedelta(minutes=said.pop("minutes", 0)), "received_at": NOW, "shopper_id": ANNA,
        "session_id": "s1", "item_id": item, "sku": None, "quantity": 1, "unit_price": None, "currency": None,
        "order_id": None, "query": None, "rating": None, "placement": None, "position": None,
        "recommendation_id": None, "channel": "web", "store_id": None,
    }  # fmt: skip
    return TrackedEvent(**(values | said))


def applied(*batches: list[TrackedEvent], now: float = NOW_SECONDS) -> Changes:
    """Return what all states and counts are after these batches."""
    states: dict[StateKey, ShopperState] = {}
    counts: dict[CountKey, dict[str, int]] = {}
    for batch in batches:
        changes = apply_events(states, batch, now=now)
        states.update(changes.states)
        for key, added in changes.counts.items():
            fields = counts.setdefault(key, {})
            for field, amount in added.items():
                fields[field] = fields.get(field, 0) + amount
    return Changes(states, counts)


def stored(*batches: list[TrackedEvent], now: float = NOW_SECONDS) -> Changes:
    """Return the same as a writer leaves it in a store; now and then it gives up what it has in hand."""
    store = MemoryStore(clock=lambda: now)
    store.move(ground=None, to="g", positions={})
    writer = Held(store, size=2)
    for number, batch in enumerate(batches):
        writer.write(batch, now=now, ground="g", expected={}, positions={"0": str(number)})
    return Changes(store.states, store.counts)


def anna(*events: TrackedEvent) -> ShopperState:
    """Return Anna's state after these events, one at a time."""
    return applied(*([one] for one in events)).states.get((SITE, ANNA), EMPTY)


def counted(counts: dict[CountKey, dict[str, int]], name: str) -> dict[str, dict[str, int]]:
    """Return what is not zero under this name, by bucket."""
    found = {key[2]: {field: n for field, n in fields.items() if n} for key, fields in counts.items() if key[1] == name}
    return {bucket: fields for bucket, fields in found.items() if fields}


def integers_of(changes: Changes) -> Any:
    """Return all that must be equal; the order in which marks came is not, and what adds up to nothing is no count."""
    states = {
        key: (
            *(state.recent, state.orders, state.dismissals, state.days, state.first, state.last),
            {kind: tally.count for kind, tally in state.tallies.items()},
            sorted(state.marks[at : at + 8] for at in range(0, len(state.marks), 8)),
        )
        for key, state in changes.states.items()
    }
    names = {key[1] for key in changes.counts}
    return states, {name: counted(changes.counts, name) for name in names if counted(changes.counts, name)}


def floats_of(changes: Changes) -> dict[tuple[StateKey, str, str], float]:
    """Return the decayed sums."""
    return {
        (key, kind, name): getattr(tally, name)
        for key, state in changes.states.items()
        for kind, tally in state.tallies.items()
        for name in ("hour", "day", "week", "at")
    }


def make(number: int, item: str, kind: str, minutes: int, who: int) -> TrackedEvent:
    """Return an event that follows from its number and these; of nobody when `who` is 0."""
    return event(
        number,
        None if kind == "search" else item,
        kind,
        minutes=minutes,
        shopper_id=UUID(int=who) if who else None,
        session_id=f"s{number % 3}" if who and number % 4 else None,
        placement="home" if number % 2 else None,
        rating=float(number % 6) if kind == "rate" else None,
    )


KINDS = [
    *("view", "impression", "click", "add_to_cart", "remove_from_cart", "purchase", "return"),
    *("wishlist", "search", "rate", "dismiss"),
]


@st.composite
def histories(draw: st.DrawFn) -> list[TrackedEvent]:
    """Draw up to 45 events with different ids: within the windows, where order does not matter at all."""
    numbers = draw(st.lists(st.integers(1, 2**63), max_size=45, unique=True))
    # Few values, so that ties, undoing and late ones are frequent; some older than all buckets.
    times = st.sampled_from([0, 1, 2, 3, 70, 1_500, 30_000, 120_000])
    return [
        make(
            number,
            draw(st.sampled_from(["frame-1", "frame-2", "frame-3", "lens-1", "lens-2", "sun-1"])),
            draw(st.sampled_from(KINDS)),
            draw(times),
            draw(st.sampled_from([0, 1, 1, 1, 2])),
        )
        for number in numbers
    ]
