"""Where a few items go among the rows of all: into the rows that they have, or to the end."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.catalog.columns import sparse
from apps.catalog.contracts import ItemColumns


@dataclass(frozen=True)
class Placing:
    """Where the items of a part go.

    rows: int32 [p], the row of each; those from `items` on are new ones
    dead: int32, ascending: rows whose item is gone or went to the end
    items, variants: how many there were; all_items, all_variants: how many there are now
    starts: int32 [p], where the variants of each begin; counts: int32 [p], how many each has
    """

    rows: np.ndarray
    dead: np.ndarray
    items: int
    variants: int
    starts: np.ndarray
    counts: np.ndarray
    cleared: np.ndarray

    @cached_property
    def fresh(self) -> np.ndarray:
        """Which items of the part are at the end: bool [p]."""
        return np.asarray(self.rows >= self.items)

    @cached_property
    def all_items(self) -> int:
        """How many rows there are now."""
        return self.items + int(self.fresh.sum())

    @cached_property
    def all_variants(self) -> int:
        """How many places for variants there are now."""
        return self.variants + int(self.counts[self.fresh].sum())

    @cached_property
    def moved(self) -> np.ndarray:
        """The rows that change: int32, ascending."""
        return sparse.fixed(np.union1d(self.rows, self.dead).astype(np.int32))

    @cached_property
    def to(self) -> np.ndarray:
        """The place of each variant of the part."""
        return sparse.spread(self.starts, self.counts)

    @cached_property
    def touched(self) -> np.ndarray:
        """The places of variants that change, ascending: those of the part, and those that are empty from now on."""
        return np.union1d(self.to, self.cleared)


def place(held: ItemColumns, part: ItemColumns, gone: np.ndarray) -> Placing:
    """Return where the items of the part go: an item that has more variants than its row had goes to the end.

    A row with room to spare keeps it: its last places are empty, and may be filled again.
    """
    rows, counts = held.rows_of(part.item_ids), np.diff(part.variant_indptr)
    known = rows >= 0
    stays = known.copy()
    stays[known] = counts[known] <= _room(held, rows[known])
    dead = np.union1d(rows[known & ~stays], gone[gone >= 0]).astype(np.int32)
    starts, items = np.zeros(len(rows), dtype=np.int32), len(held.item_ids)
    starts[stays] = held.variant_indptr[rows[stays]]
    ends = np.cumsum(counts[~stays])
    starts[~stays] = len(held.skus) + ends - counts[~stays]
    emptied = np.concatenate([rows[stays], dead])
    cleared = sparse.spread(held.variant_indptr[emptied], _room(held, emptied))
    rows[~stays] = items + np.arange(int((~stays).sum()), dtype=np.int32)
    return Placing(rows, dead, items, len(held.skus), starts, counts, cleared)


def _room(held: ItemColumns, rows: np.ndarray) -> np.ndarray:
    return np.asarray(held.variant_indptr[rows + 1] - held.variant_indptr[rows])
