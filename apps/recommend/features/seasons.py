"""Batch features at moments of the past."""

from collections.abc import Iterable, Mapping, Sequence

from apps.recommend.features.define import BatchDefinition, DailyReading, Value
from apps.tracking.contracts import TrackedEvent

_DAY = 86_400


class Seasons:
    """Batch features as of a midnight: from the days before it."""

    def __init__(self, weights: Mapping[str, float], definitions: Sequence[BatchDefinition]) -> None:
        self._weights = weights
        self._definitions = definitions
        self._waiting: list[tuple[int, str, str]] = []
        self._events: dict[str, dict[str, dict[int, int]]] = {}
        self._values: dict[str, dict[str, float]] = {}
        self._day = -1

    def add(self, events: Iterable[TrackedEvent]) -> None:
        """Add what happened next."""
        if self._definitions:
            for event in events:
                if event.item_id is not None:
                    self._waiting.append((int(event.time.timestamp() // _DAY), event.type, event.item_id))

    def move_to(self, day: int) -> bool:
        """Compute what is said at the beginning of this day, once, and return whether it is another one."""
        if day == self._day:
            return False
        self._day = day
        for then, kind, item_id in self._waiting:
            if then < day:
                days = self._events.setdefault(kind, {}).setdefault(item_id, {})
                days[then] = days.get(then, 0) + 1
        self._waiting = [found for found in self._waiting if found[0] >= day]
        reading = DailyReading(day=day, weights=self._weights, events=self._events)
        self._values = {definition.name: definition.compute(reading) for definition in self._definitions}
        return True

    def values(self, item_id: str) -> dict[str, Value]:
        """Return what is said of the item; None where nothing is."""
        return {name: values.get(item_id) for name, values in self._values.items()}
