"""Who is on which side, by a hash alone: the same unit gets the same side everywhere and for ever, and nothing is kept.

The hash is MurmurHash3 x86 32 (Appleby 2011) of the UTF-8 bytes of `salt:unit` with seed 0, as an unsigned number
divided by 2**32. What another language must give is in `tests/vectors/bucketing.json`; `clients/js/bucketing.js` does.

Three draws of one unit are independent of each other because their salts differ:
    the place in its layer      salt of the layer
    whether it takes part yet   salt of the experiment, then "/ramp"
    the variant                 salt of the experiment
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import mmh3

_RANGE = 4_294_967_296.0


def hash_of(text: str) -> int:
    """Return the hash of a text, 0 to 2**32 - 1."""
    return mmh3.hash(text.encode(), 0, signed=False)


def share_of(salt: str, unit: str) -> float:
    """Return where the unit lies in [0, 1) under this salt: evenly spread, and apart for every salt."""
    return mmh3.hash(f"{salt}:{unit}".encode(), 0, signed=False) / _RANGE


def to_bounds(weights: Sequence[float]) -> tuple[float, ...]:
    """Return the upper end of each variant's part of [0, 1); raises ValueError without a positive weight."""
    sums = list(accumulate(float(weight) for weight in weights))
    if not sums or sums[-1] <= 0.0 or min(weights) < 0.0:
        message = "weights must not be negative, and one must be above 0"
        raise ValueError(message)
    return (*(part / sums[-1] for part in sums[:-1]), 1.0)


def choose(share: float, bounds: Sequence[float]) -> int:
    """Return in whose part the share lies: the first variant whose upper end is above it."""
    return bisect_right(bounds, share)


def takes_part(salt: str, unit: str, *, layer_salt: str, part: tuple[float, float], ramp: float) -> bool:
    """Return whether the unit is in the experiment: in its part of the layer, and among those that began already.

    Raising `ramp` adds units and takes none away.
    """
    # The whole of a layer, and a ramp at its end, hold everybody: most experiments need no hash for them.
    if (part[0] > 0.0 or part[1] < 1.0) and not part[0] <= share_of(layer_salt, unit) < part[1]:
        return False
    return ramp >= 1.0 or share_of(f"{salt}/ramp", unit) < ramp
