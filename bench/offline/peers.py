"""Which other libraries' methods are measured beside ours, whether they are here, and what they are given.

Every peer learns from the same events as a matrix of ones, and is asked with the same histories. Settings are one set
for all data: of ALS the best of eight, of BPR the best of five on the validation item of Amazon Beauty.
"""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from scipy import sparse

from apps.recommend.ml.sequences import Sequences

HOW = "not installed: `make peers` adds implicit and cornac"
DENSE_ITEMS = 15_000  # methods that hold a square of the catalogue need 1.8 GB for each of some five copies of it here


@dataclass(frozen=True, slots=True)
class Peer:
    """A method. `package` must be importable; `module` is the child that measures it.

    square: it holds a dense table of items by items, and is left out where that would not fit
    """

    method: str
    package: str
    square: bool = False

    @property
    def module(self) -> str:
        """Return the child's module."""
        return f"bench.offline.with_{self.package}"

    def why_not(self, n_items: int) -> str | None:
        """Return why it cannot be measured here, None when it can."""
        if find_spec(self.package) is None:
            return HOW
        if self.square and n_items > DENSE_ITEMS:
            gigabytes = n_items**2 * 8 / 1e9
            return f"left out: a dense table of {n_items:,} x {n_items:,} items takes {gigabytes:.0f} GB a copy"
        return None


PEERS = (
    Peer("implicit Cosine", "implicit"),
    Peer("implicit TF-IDF", "implicit"),
    Peer("implicit BM25", "implicit"),
    Peer("implicit ALS", "implicit"),
    Peer("implicit BPR", "implicit"),
    Peer("cornac ItemKNN", "cornac", square=True),
    Peer("cornac EASE", "cornac", square=True),
)


def matrix_of(train: Sequences, n_items: int) -> sparse.csr_matrix:
    """Return what was chosen by whom as ones, float32 [sequences, items]."""
    rows = int(train.sequence[-1]) + 1 if len(train.sequence) else 0
    ones = np.ones(len(train.item), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (train.sequence, train.item)), shape=(rows, n_items))
    matrix.data[:] = 1.0
    return matrix
