"""Features as they stood at moments of the past, for training: by the same code, from the events before that moment.

The events are gone through once, in the order of time. A label is answered from what came strictly before it: neither
its own event nor one at the same moment is in its features. What was taken in late stands at its own time.
Batch features are those of the label's midnight (UTC), as computed from the days before. The catalogue is that of now.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from apps.recommend.features.counted import Counts
from apps.recommend.features.counts import ends_at
from apps.recommend.features.define import (
    BatchDefinition,
    CountDefinition,
    Definition,
    Entity,
    StateDefinition,
    Value,
)
from apps.recommend.features.definitions import DEFINITIONS
from apps.recommend.features.extract import apply_events, merge_states
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.seasons import Seasons
from apps.recommend.features.state import EMPTY, ShopperState, StateKey
from apps.recommend.features.values import counted_values_of, values_of
from apps.tracking import api as tracking
from apps.tracking.contracts import TrackedEvent

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Label:
    """A moment to be learned from: this shopper, this item, then.

    purposes: to what the shopper had consented; what is not granted has no value
    alias_ids: ids that have become one with the shopper's
    """

    shopper_id: UUID
    item_id: str
    time: datetime
    placement: str | None = None
    purposes: frozenset[str] = frozenset()
    alias_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureValues:
    """Values by label and feature.

    names: list [f], in the order of the definitions
    values: float64 [n, f]; row r is label r as it was given. NaN where there is no value or no consent to it. Of a
    feature with a number for each of several keys it is that of the label's item: by its category (the mean of them),
    brand, shape, colour or price band, or of the item itself; 0 where it has none of those.
    """

    names: list[str]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """What features are read with, beside the events: the site, its weights by event type, its catalogue."""

    site_id: str
    weights: Mapping[str, float]
    facts: ItemFacts


# What can be said of a label: all but what has keys that a label does not have.
OFFERED: tuple[Definition, ...] = tuple(found for found in DEFINITIONS if found.type != "weights" or found.by)


def read_point_in_time(
    *, place: Place, labels: Sequence[Label], since: datetime, names: Collection[str] | None = None
) -> FeatureValues:
    """Return the values of the labels from the site's history since then; what was before is not known.

    names: of these features alone; None: of all that are offered
    """
    with tracking.read_history(since=since) as history:
        return point_in_time(place=place, labels=labels, batches=history.batches, names=names)


def point_in_time(
    *,
    place: Place,
    labels: Sequence[Label],
    batches: Iterable[Sequence[TrackedEvent]],
    names: Collection[str] | None = None,
) -> FeatureValues:
    """Return the values of the labels from events in the order of time; raises ValueError where they are not."""
    wanted = [definition for definition in OFFERED if names is None or definition.name in names]
    values = np.full((len(labels), len(wanted)), np.nan)
    past = Past(place, wanted)
    events = _Ahead(event for batch in batches for event in batch if event.site_id == place.site_id)
    for index in sorted(range(len(labels)), key=lambda index: labels[index].time):
        past.add(events.before(labels[index].time))
        values[index] = past.row(labels[index])
    return FeatureValues(names=[definition.name for definition in wanted], values=values)


class Past:
    """Everything that happened before a moment that moves on."""

    def __init__(self, place: Place, definitions: Sequence[Definition] = OFFERED) -> None:
        self._place = place
        self._wanted = definitions
        self._of_state = [found for found in definitions if isinstance(found, StateDefinition)]
        self._of_counts = [found for found in definitions if isinstance(found, CountDefinition)]
        self._seasons = Seasons(place.weights, [found for found in definitions if isinstance(found, BatchDefinition)])
        self._states: dict[StateKey, ShopperState] = {}
        self._counts = Counts()

    def add(self, events: Sequence[TrackedEvent]) -> None:
        """Add what happened next, by the code that follows the stream."""
        if not events:
            return
        # The time of the oldest, so that nothing counts as too old which was not when it came.
        changes = apply_events(self._states, events, now=events[0].time.timestamp())
        self._states.update(changes.states)
        self._counts.add(changes.counts)
        self._seasons.add(events)

    def values(self, label: Label) -> dict[str, Value]:
        """Return the wanted values at the label's time by name, those without consent left out."""
        place, now = self._place, label.time.timestamp()
        ids = (label.shopper_id, *label.alias_ids)
        state = merge_states([self._states.get((place.site_id, shopper_id), EMPTY) for shopper_id in ids])
        found = values_of(
            state,
            purposes=label.purposes,
            now=now,
            weights=place.weights,
            facts=place.facts,
            definitions=self._of_state,
        )
        named: tuple[tuple[Entity, str | None], ...] = (("item", label.item_id), ("placement", label.placement))
        for entity, name in named:
            if name is not None:
                wanted = [definition for definition in self._of_counts if definition.entity == entity]
                found |= counted_values_of(self._counts, wanted, site_id=place.site_id, name=name, now=now)
        if self._seasons.move_to(int(now // _DAY)):
            self._counts.forget(lambda key: ends_at(key) <= now)
        return found | self._seasons.values(label.item_id)

    def row(self, label: Label) -> list[float]:
        """Return the values as numbers, in the order of the definitions."""
        found = self.values(label)
        return [self._number(definition, found.get(definition.name), label.item_id) for definition in self._wanted]

    def _number(self, definition: Definition, value: Value, item_id: str) -> float:
        if value is None:
            return np.nan
        if not isinstance(value, dict):
            return value
        if definition.by is None or definition.by == "item":
            return value.get(item_id, 0.0)
        keys = self._place.facts.keys(definition.by, item_id)
        return sum(value.get(key, 0.0) for key in keys) / len(keys) if keys else 0.0


class _Ahead:
    """Events in the order of time, taken up to a moment."""

    def __init__(self, events: Iterator[TrackedEvent]) -> None:
        self._events = events
        self._next = next(events, None)

    def before(self, moment: datetime) -> list[TrackedEvent]:
        """Return those that were not taken yet and are before the moment, strictly."""
        taken: list[TrackedEvent] = []
        while self._next is not None and self._next.time < moment:
            taken.append(self._next)
            self._next = next(self._events, None)
            if self._next is not None and self._next.time < taken[-1].time:
                message = f"the event {self._next.event_id} is older than the one before it"
                raise ValueError(message)
        return taken
