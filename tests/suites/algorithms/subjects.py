"""What every algorithm is tested as: something that makes arrays of chains.

A chain is the items that one shopper chose, in order: it says what follows what, what belongs together, what is bought
with what, and what is chosen often. An adapter turns chains into what an algorithm takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.popularity import DAY
from apps.recommend.ml.sequences import Sequences

Chains = Sequence[Sequence[int]]
Arrays = dict[str, NDArray[Any]]
# How long an axis is: so many times the items and one more, or any length.
Shape = tuple[str, ...]

# Two pairs of items, each chosen twice; an item that nobody chose.
KNOWN: Chains = [[0, 1], [2, 3], [2, 3], [0, 1]]
KNOWN_ITEMS = 5
UNSEEN = 4


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm and what is known of it.

    run: chains, how many items there are, a seed -> named arrays
    arrays: name -> dtype and shape; an axis is "items", "items + 1", a number, or "any"
    told: what the arrays say, as plain values; known: what they say of KNOWN
    unseen: whether the arrays made of KNOWN treat the item that nobody chose as they should
    """

    name: str
    run: Callable[[Chains, int, int], Arrays]
    arrays: Mapping[str, tuple[str, Shape]]
    told: Callable[[Arrays], Any]
    known: Any
    unseen: Callable[[Arrays], bool]
    of_nothing: Any = field(default_factory=list)

    def __str__(self) -> str:
        return self.name


def to_sequences(chains: Chains) -> Sequences:
    """Return a day between events, all weighing the same."""
    item = np.array([item for chain in chains for item in chain], dtype=np.int32)
    owner = np.repeat(np.arange(len(chains), dtype=np.int32), [len(chain) for chain in chains])
    return Sequences(owner, item, np.ones(len(item)), np.arange(len(item), dtype=np.float64) * DAY)


def to_counts(chains: Chains, n_items: int) -> NDArray[np.float64]:
    """Return how often each item was chosen."""
    return np.bincount(to_sequences(chains).item, minlength=n_items).astype(np.float64)


def to_vectors(chains: Chains, n_items: int) -> NDArray[np.float64]:
    """Return unit vectors [n_items, 8]: items of the same chains are alike; one that is in none is zeros."""
    vectors = np.zeros((n_items, 8))
    for number, chain in enumerate(chains):
        vectors[list(chain), number % 8] += 1.0
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))


def to_lists(arrays: Arrays) -> list[list[int]]:
    """Return neighbour lists as plain ones."""
    bounds = arrays["indptr"].tolist()
    return [arrays["indices"][bounds[row] : bounds[row + 1]].tolist() for row in range(len(bounds) - 1)]


def list_maker(name: str, fit: Callable[[Chains, int, int], Neighbours], known: list[list[int]]) -> Algorithm:
    """Return an algorithm that makes neighbour lists."""
    return Algorithm(
        name=name,
        run=lambda chains, n_items, seed: fit(chains, n_items, seed)._asdict(),
        arrays={"indptr": ("int32", ("items + 1",)), "indices": ("int32", ("any",)), "weights": ("float32", ("any",))},
        told=to_lists,
        known=known,
        unseen=lambda arrays: to_lists(arrays)[UNSEEN] == [] and UNSEEN not in arrays["indices"],
        of_nothing=[[], [], [], []],
    )


def rater(
    name: str, rate: Callable[[Chains, int], NDArray[np.float32]], known: list[bool], *, markets: int | None = None
) -> Algorithm:
    """Return an algorithm that gives each item one value; what is known is which of them are above 0."""
    return Algorithm(
        name=name,
        run=lambda chains, n_items, _: {"value": rate(chains, n_items)},
        arrays={"value": ("float32", ("items",) if markets is None else (str(markets), "items"))},
        told=lambda arrays: (arrays["value"].reshape(-1, arrays["value"].shape[-1])[0] > 0).tolist(),
        known=known,
        unseen=lambda arrays: not arrays["value"][..., UNSEEN].any(),
        of_nothing=[False] * 4,
    )
