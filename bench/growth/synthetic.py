"""Events that nobody caused, as arrays on disk: a few items take most of them, visits have themes, shoppers come back.

An item is the k-th most popular with a probability of about 1/k, over the whole catalogue or within the visit's theme;
visits are of geometric length, shoppers make many or few. Distinct pairs, which decide what counting costs, grow nearly
as fast as the events: half of all items of a visit have nothing to do with each other.
"""

from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described
from bench.offline.child import Work, answer_parent

ITEMS = 50_000
_THEMES = 400
_EVENTS_EACH = 20  # of a shopper, on average; half have fewer than ten
_LONGEST = 500
_VISIT_ENDS = 1 / 6
_OF_THEME = 0.7
_LOOKED_AGAIN = 0.05
_WITHIN, _BETWEEN = 60.0, 5 * 86_400.0  # seconds from one event to the next, on average
_YEAR = 365 * 86_400.0
_WEIGHTS, _SHARES = (1.0, 2.0, 3.0), (0.85, 0.1, 0.05)
_NAMES = ("sequence", "item", "weight", "time")


def make_events(count: int, *, items: int, seed: int) -> Sequences:
    """Return about so many events; the same for the same arguments."""
    random = np.random.default_rng(seed)
    sequence = _shoppers(random, count)
    starts = random.random(len(sequence)) < _VISIT_ENDS
    starts[0] = True
    starts[1:] |= sequence[1:] != sequence[:-1]
    item = _items(random, np.cumsum(starts, dtype=np.int32) - 1, items)
    again = np.flatnonzero(~starts & (random.random(len(item)) < _LOOKED_AGAIN))
    item[again] = item[again - 1]
    weight = random.choice(_WEIGHTS, len(item), p=_SHARES)
    return Sequences(sequence=sequence, item=item, weight=weight, time=_times(random, sequence, starts))


def save(events: Sequences, folder: Path) -> None:
    """Write one file for each column."""
    for name in _NAMES:
        np.save(folder / f"{name}.npy", getattr(events, name), allow_pickle=False)


def load(folder: Path) -> Sequences:
    """Return what was saved."""
    return Sequences(**{name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _NAMES})


def describe(items: int, seed: int) -> Described:
    """Return a catalogue: a type, a brand and a shape each, a colour for most, and a few words."""
    random = np.random.default_rng(seed)
    brand, shape, colour = (_ranks(random, items, size) for size in (items // 40 + 1, 30, 50))
    words = _ranks(random, items * 6, items // 4 + 8).reshape(items, 6)
    return Described(
        item_types=[f"type-{number % 6}" for number in shape.tolist()],
        brands=[f"brand-{number}" for number in brand.tolist()],
        texts=[" ".join(f"word{number}" for number in row) for row in words.tolist()],
        attributes=[{"shape": f"s{one}", "colour": f"c{two}"} for one, two in zip(shape, colour, strict=True)],
    )


def _shoppers(random: Generator, count: int) -> NDArray[np.int32]:
    lengths = np.empty(0, dtype=np.int64)
    while lengths.sum() < count:
        more = random.lognormal(np.log(_EVENTS_EACH) - 0.5, 1.0, max(count // _EVENTS_EACH, 10)).astype(np.int64) + 1
        lengths = np.concatenate((lengths, np.minimum(more, _LONGEST)))
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[:count]


def _items(random: Generator, visit: NDArray[np.int32], items: int) -> NDArray[np.int32]:
    """Return an item for each event; places in the catalogue say nothing of popularity."""
    theme = _ranks(random, int(visit[-1]) + 1, _THEMES)[visit]
    size = max(items // _THEMES, 1)
    of_theme = (theme * size + _ranks(random, len(visit), size)) % items
    chosen = np.where(random.random(len(visit)) < _OF_THEME, of_theme, _ranks(random, len(visit), items))
    return random.permutation(items).astype(np.int32)[chosen]


def _times(random: Generator, sequence: NDArray[np.int32], starts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return seconds: shoppers come for the first time at any moment of a year, and go on from there."""
    gaps = random.exponential(_WITHIN, len(sequence))
    gaps[starts] = random.exponential(_BETWEEN, np.count_nonzero(starts))
    passed = np.cumsum(gaps)
    first = np.flatnonzero(np.diff(sequence, prepend=-1))
    return passed + (random.uniform(0, _YEAR, len(first)) - passed[first])[sequence]


def _ranks(random: Generator, count: int, size: int) -> NDArray[np.int32]:
    """Return numbers below the size, k with a probability of about 1 / (k + 1)."""
    return np.minimum((size + 1.0) ** random.random(count) - 1.0, size - 1).astype(np.int32)


def _make(work: Work) -> Work:
    events = make_events(work["events"], items=work["items"], seed=work["seed"])
    save(events, Path(work["folder"]))
    return {"events": len(events.item), "shoppers": int(events.sequence[-1]) + 1}


if __name__ == "__main__":
    answer_parent(_make)
