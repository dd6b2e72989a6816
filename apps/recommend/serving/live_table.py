"""Counts of pairs that follow the touch log: at any moment those that a training of all events would have counted.

For each shopper who did something since, what the touches known of them count is compared with what the ones known
before did, each less what the training's own among them count. So the order in which events come, and which of them the
training happened to read, changes nothing. The bounds of that promise: late events pair with the newest
`conf.RECENT_KEPT` touches of their shopper, and shoppers who became one since count apart until the next training.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import numpy as np

from apps.recommend import conf
from apps.recommend.features.state import Touch
from apps.recommend.features.touch_log import LogEntry
from apps.recommend.features.touches import order, still_true
from apps.recommend.ml.livepairs import changes_of
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.pairgrowth import Growing
from apps.recommend.ml.sequences import Sequences
from apps.recommend.registry.live_base import LiveBase
from apps.recommend.serving.mark_set import MarkSet, find_in

# Returns by shopper the touches that are stored; one that is not known has none.
Read = Callable[[Sequence[UUID]], list[Sequence[Touch]]]
_KEPT = 2 * conf.RECENT_KEPT
# Touches of a shopper that were known before (None: of a stranger) and those known now, in order.
_Step = tuple[list[Touch] | None, list[Touch]]


class LiveTable:
    """The table of one version and one process."""

    def __init__(self, base: LiveBase, read: Read) -> None:
        """Begin with what the training counted; `read` asks the feature store."""
        self._base = base
        self._read = read
        self._row_of = {item_id: row for row, item_id in enumerate(base.item_ids)}
        self._growing = Growing(base.counts)
        self._added = MarkSet()
        self._known: dict[UUID, list[Touch]] = {}

    @property
    def counts(self) -> PairCounts:
        """Return the counts as they are now."""
        return self._growing.latest

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Add what the entries tell; what is in the counts already changes nothing. Raises RedisError."""
        told: dict[UUID, list[Touch]] = {}
        for entry in entries:
            for shopper, touch in entry.touches:
                if touch.time >= self._base.since:
                    told.setdefault(shopper, []).append(touch)
        if not told:
            return
        strangers = [shopper for shopper in told if shopper not in self._known]
        stored = dict(zip(strangers, self._read(strangers), strict=True)) if strangers else {}
        added = self._added.among({touch.mark for touches in told.values() for touch in touches})
        steps = [self._step(shopper, (told[shopper], stored.get(shopper, ())), added) for shopper in told]
        self._count(self._changed(steps))
        while len(self._known) > conf.LIVE_SHOPPERS:
            del self._known[next(iter(self._known))]

    def _step(self, shopper: UUID, heard: tuple[Sequence[Touch], Sequence[Touch]], added: set[int]) -> _Step:
        """Return the touches known of the shopper before and after; of a stranger nothing is known before.

        heard: those told, and those stored of a stranger; added: marks of those told that were added before
        """
        before = self._known.pop(shopper, None)
        found = list(before or ())
        marks = {touch.mark for touch in found}
        for touch in (*heard[1], *heard[0]):
            # What was added and is not among those known was given up as too old to matter.
            given_up = before is not None and touch.mark in added
            if touch.mark not in marks and touch.time >= self._base.since and not given_up:
                marks.add(touch.mark)
                found.append(touch)
        found.sort(key=order)
        self._known[shopper] = found[-_KEPT:]
        return before, found

    def _changed(self, steps: Sequence[_Step]) -> list[tuple[list[Touch], list[Touch]]]:
        """Return what counted before and what counts now, for one sequence after another."""
        marks = {touch.mark for _, after in steps for touch in after}
        added = self._added.among(marks)
        trained = find_in(self._base.marks, marks - added)
        found: list[tuple[list[Touch], list[Touch]]] = []
        for before, after in steps:
            counted = before
            if counted is None:  # a stranger to us: the training knew some, or we did before we gave them up
                counted = [touch for touch in after if touch.mark in trained or touch.mark in added]
            found.append((counted, after))
            ours, theirs = ([touch for touch in one if touch.mark in trained] for one in (after, counted))
            if len(ours) != len(theirs):  # the training read some that we hear of only now
                found.append((ours, theirs))
        self._added.add(marks - trained)
        return found

    def _count(self, steps: list[tuple[list[Touch], list[Touch]]]) -> None:
        before, after = (self._flat([step[side] for step in steps]) for side in (0, 1))
        params, size = self._base.params, len(self._base.item_ids)
        self._growing.add(changes_of(before=before, after=after, n_items=size, params=params))

    def _flat(self, windows: list[list[Touch]]) -> Sequences:
        """Return what holds and is learned from, of one window after another."""
        row_of, weights = self._row_of, self._base.weights
        events = [
            (number, row, weight, touch.time)
            for number, touches in enumerate(windows)
            for touch in still_true(touches)
            if (row := row_of.get(touch.item_id)) is not None and (weight := weights.get(touch.type, 0.0)) > 0
        ]
        columns = tuple(zip(*events, strict=True)) or ((), (), (), ())
        return Sequences(
            sequence=np.array(columns[0], dtype=np.int32),
            item=np.array(columns[1], dtype=np.int32),
            weight=np.array(columns[2], dtype=np.float64),
            time=np.array(columns[3], dtype=np.float64),
        )
