"""Questions that the past answers, for the ranker to learn from: what a history was, and which item came next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.engine import Histories
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import Rows


class Asked(NamedTuple):
    """Histories and, for each, the row that came next: int32 [q]."""

    histories: Histories
    targets: Rows


class Divided(NamedTuple):
    """before: what may be learned from; ends: places in the flat events of the items that are asked for;
    starts: where the sequence of each begins."""

    before: Sequences
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def divide_by_last(events: Sequences, *, labels: int) -> Divided:
    """Ask for the last `labels` items of each sequence; nothing is learned from any of them."""
    starts, lengths = _bounds(events)
    from_end = np.repeat(starts + lengths, lengths) - np.arange(len(events.item))
    start_of = np.repeat(starts, lengths)
    asked = np.flatnonzero((from_end <= labels) & (np.arange(len(events.item)) > start_of))
    return Divided(_taken(events, from_end > labels), start_of[asked], asked)


def divide_by_newest(events: Sequences, *, share: float) -> Divided:
    """Ask for every item but the first of the newest sequences; nothing is learned from any of these."""
    starts, lengths = _bounds(events)
    ends = events.time[starts + lengths - 1] if len(starts) else np.empty(0)
    newest = np.zeros(len(starts), dtype=np.bool_)
    newest[np.argsort(ends, kind="stable")[len(starts) - int(len(starts) * share) :]] = True
    is_newest = np.repeat(newest, lengths)
    start_of = np.repeat(starts, lengths)
    asked = np.flatnonzero(is_newest & (np.arange(len(events.item)) > start_of))
    return Divided(_taken(events, ~is_newest), start_of[asked], asked)


def draw(divided: Divided, *, most: int, rng: np.random.Generator) -> Divided:
    """Return at most so many of the questions, drawn by chance, in their order."""
    if len(divided.ends) <= most:
        return divided
    chosen = np.sort(rng.choice(len(divided.ends), size=most, replace=False))
    return Divided(divided.before, divided.starts[chosen], divided.ends[chosen])


def ask(events: Sequences, divided: Divided, *, newest: int) -> Asked:
    """Return the questions; of a history only the `newest` items are told."""
    starts = np.maximum(divided.starts, divided.ends - newest)
    lengths = divided.ends - starts
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    place = np.repeat(starts - bounds[:-1], lengths) + np.arange(bounds[-1])
    return Asked(
        Histories(bounds.astype(np.int64), events.item[place].astype(np.int32)),
        events.item[divided.ends].astype(np.int32),
    )


def _bounds(events: Sequences) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if len(events.item) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate(([True], np.diff(events.sequence) != 0)))
    return starts, np.diff(np.append(starts, len(events.item)))


def _taken(events: Sequences, chosen: NDArray[np.bool_]) -> Sequences:
    return Sequences(events.sequence[chosen], events.item[chosen], events.weight[chosen], events.time[chosen])
