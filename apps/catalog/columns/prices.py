"""Prices and stock of variants, from rows by database key to columns by place."""

from collections.abc import Iterable

import numpy as np

from apps.catalog.columns.read import PriceRow
from apps.catalog.columns.sparse import fixed
from apps.catalog.contracts import StorePrices

ONLINE = ""


class VariantPlaces:
    """Where the variants stand: database key to position."""

    def __init__(self, keys: Iterable[int]) -> None:
        self._at = {key: place for place, key in enumerate(keys)}
        ordered = np.array(list(self._at), dtype=np.int64)
        self._order = np.argsort(ordered, kind="stable")
        self._sorted = ordered[self._order]

    def __len__(self) -> int:
        return len(self._at)

    def find(self, key: int) -> int | None:
        """Return where a variant stands."""
        return self._at.get(key)

    def find_packed(self, packed: bytes) -> np.ndarray:
        """Return int32, ascending: where the variants stand whose keys are packed."""
        wanted = np.frombuffer(packed, dtype=">i8").astype(np.int64)
        if not len(self):
            return fixed(np.empty(0, dtype=np.int32))
        found = np.minimum(np.searchsorted(self._sorted, wanted), len(self) - 1)
        return fixed(np.sort(self._order[found[self._sorted[found] == wanted]]).astype(np.int32))


class Prices:
    """The prices of one store that hold, with what they are compared with."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[float, float]] = {}

    def hold(self, place: int, amount: float, before: float | None) -> None:
        """Let this price hold for a variant instead of the one before it."""
        self._held[place] = (amount, np.nan if before is None else before)

    def sparse(self) -> StorePrices:
        """Return them by variant, ascending."""
        variants = np.array(sorted(self._held), dtype=np.int32)
        pairs = np.array([self._held[place] for place in variants.tolist()], dtype=np.float64).reshape(-1, 2)
        return StorePrices(fixed(variants), fixed(pairs[:, 0].copy()), fixed(pairs[:, 1].copy()))

    def dense(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return price and what it is compared with for all variants, NaN where there is none."""
        found, columns = self.sparse(), (np.full(size, np.nan), np.full(size, np.nan))
        columns[0][found.variants], columns[1][found.variants] = found.amounts, found.compare_at
        return fixed(columns[0]), fixed(columns[1])


def prices_by_store(rows: Iterable[PriceRow], places: VariantPlaces, now: float) -> dict[str, Prices]:
    """Return the prices that hold now; rows come in the order in which they overwrite each other."""
    by_store = {ONLINE: Prices()}
    for variant, store, amount, before, start, end in rows:
        place = places.find(variant)
        if place is not None and start <= now < end:
            by_store.setdefault(store, Prices()).hold(place, amount, before)
    return by_store
