"""Which categories items are in: those that they name, and those above them."""

from collections.abc import Iterable, Mapping

import numpy as np

from apps.catalog.columns.ground import Ground
from apps.catalog.columns.sparse import Csr, fixed, indptr_of, spread
from apps.catalog.contracts import ItemColumns
from apps.catalog.selectors.places import ancestry


class Codes:
    """Names as small numbers, in the order in which they were first seen. It only ever grows."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self._codes = {name: code for code, name in enumerate(self.names)}

    def of(self, name: str) -> int:
        """Return the number of a name."""
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]


def above(columns: ItemColumns, category_id: str) -> list[str]:
    """Return the category and those above it, upwards."""
    return ancestry(category_id, columns.ground.places.parents if isinstance(columns.ground, Ground) else {})


def with_those_above(own: Csr, codes: Codes, parents: Mapping[str, str]) -> Csr:
    """Return the categories that each item names, and those above them: what is in a part is in the whole.

    `codes` grows by those that only another names as its parent.
    """
    indptr, indices = own
    chains = [[codes.of(name) for name in ancestry(codes.names[code], parents)] for code in range(len(codes.names))]
    if all(len(chain) == 1 for chain in chains):
        return own
    lengths = np.array([len(chain) for chain in chains], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    flat = np.array([code for chain in chains for code in chain], dtype=np.int64)
    counts = lengths[indices]
    found = flat[spread(starts[indices], counts)]
    owners = np.repeat(np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), counts)
    _, first = np.unique(owners * len(codes.names) + found, return_index=True)
    first.sort()
    sizes = np.bincount(owners[first], minlength=len(indptr) - 1)
    return indptr_of(sizes), fixed(found[first].astype(np.int32))
