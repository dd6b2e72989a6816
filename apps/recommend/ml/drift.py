"""How far a distribution has moved."""

from collections.abc import Mapping

import numpy as np

HALF = 0.5


def population_stability(expected: Mapping[str, float], actual: Mapping[str, float]) -> float:
    """Return the population stability index of two histograms, numbers by value: 0 for the same shares and up.

    The sum of (a - e) ln(a / e) over the values' shares (Siddiqi 2006; Jeffreys' divergence). Half a case is added to
    every value, so that one that only one side has counts without being infinite. It is usual to read less than 0.1 as
    no change and more than 0.25 as one to look at. Raises ValueError where one side holds nothing.
    """
    values = sorted(expected.keys() | actual.keys())
    before, now = (np.array([side.get(value, 0.0) for value in values], np.float64) for side in (expected, actual))
    if before.sum() <= 0 or now.sum() <= 0:
        message = "an empty histogram has no shares to compare"
        raise ValueError(message)
    before, now = before + HALF, now + HALF
    before, now = before / before.sum(), now / now.sum()
    return float(((now - before) * np.log(now / before)).sum())
