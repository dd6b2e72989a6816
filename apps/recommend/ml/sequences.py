"""What shoppers did, as flat arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sequences:
    """What shoppers did, flat: events of one sequence lie together, oldest first.

    sequence: int32 [n], non-decreasing; item: int32 [n], row of the item
    weight: float64 [n], how much this kind of event says; time: float64 [n], seconds
    """

    sequence: NDArray[np.int32]
    item: NDArray[np.int32]
    weight: NDArray[np.float64]
    time: NDArray[np.float64]
