"""Counts of "column came after row": additive, so that what happens since a training is added to what it counted.

Weights are made of counts when they are asked for: of a pair by its count and the sums of its row and its column. So
one more event changes what it must, and nothing has to be made anew.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PairCounts:
    """A square table of counts. Immutable: what is added makes another one, which shares what did not change.

    start: int64 [n], length: int32 [n]: the columns of row r are indices[start[r] : start[r] + length[r]], ascending
    indices: int32 [m], counts: float32 [m]; a row that was changed lies at another place than before
    row_sums, column_sums: float64 [n], of the whole table
    step_sum, step_count: what the nearest pairs of all sequences weigh together, and how many these are: their quotient
        is the unit in which smoothing is meant, so that it means the same whatever event weights and pauses are
    """

    start: NDArray[np.int64]
    length: NDArray[np.int32]
    indices: NDArray[np.int32]
    counts: NDArray[np.float32]
    row_sums: NDArray[np.float64]
    column_sums: NDArray[np.float64]
    step_sum: float
    step_count: float

    @property
    def unit(self) -> float:
        """Return what a nearest pair weighs on average; 1 where there is none."""
        return self.step_sum / self.step_count if self.step_count > 0 and self.step_sum > 0 else 1.0


@dataclass(frozen=True, slots=True)
class PairChange:
    """What to add: to (row, column) the value, which may be negative, and to the two numbers of the unit."""

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    value: NDArray[np.float64]
    step_sum: float
    step_count: float


def factors(
    counts: PairCounts, *, row_exponent: float, column_exponent: float, smoothing: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return float32 [n] by row and by column: the weight of a pair is its count times both.

    Power normalisation: count / ((row sum + s)^a (column sum + s)^b), all in units of an average nearest step; 0 where
    a sum is nothing and s is 0, or taking away left a little less than nothing.
    """
    unit = counts.unit
    rows = _power(counts.row_sums / unit + smoothing, -row_exponent) / unit
    columns = _power(counts.column_sums / unit + smoothing, -column_exponent)
    return rows.astype(np.float32), columns.astype(np.float32)


def _power(sums: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    return np.power(sums, exponent, out=np.zeros_like(sums), where=sums > 0)
