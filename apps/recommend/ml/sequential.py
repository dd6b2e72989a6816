"""How much better a variant is, with intervals that may be looked at every day, and whether the split is as asked.

Ratios of sums (delta method; Deng, Knoblich and Lu 2018), compared on the logarithmic scale: differences are relative.
CUPED (Deng, Xu, Kohavi and Walker 2013): what units did before explains a part of what they do now and is taken off.
Confidence sequences: asymptotic, by the normal mixture of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024,
"Time-uniform central limit theory and asymptotic confidence sequences"). With the chance asked for they hold the truth
at all looks together, however many; the interval of one look does so once, at an end that was set before.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from apps.recommend.ml.outcomes import Sample, Values

LEVEL = 0.05
FEW = 25  # units with anything at all, in each variant, below which the limit theorems say nothing
USUAL_PLAN = 10_000  # units, where nobody planned any


class Arm(NamedTuple):
    """One variant: units, its ratio, and the variance of the ratio's logarithm."""

    units: int
    mean: float
    variance: float


class Difference(NamedTuple):
    """A variant against the control, relative: 0.1 is a tenth more. See `contracts.experiments.MetricResult`."""

    control: Arm
    variant: Arm
    difference: float
    sequence: tuple[float, float]
    fixed: tuple[float, float]
    p_value: float
    error: float  # standard error of the logarithm of the ratio of ratios


def compare(
    sample: Sample, *, variant: int, planned: int = USUAL_PLAN, level: float = LEVEL, sides: int = 2
) -> Difference | None:
    """Return the variant against variant 0; None while there is too little to say anything (see FEW).

    planned: units of the whole experiment; the sequence is narrowest there, and valid everywhere
    level: the chance of being wrong, for all comparisons with the control together: `sides` variants make sides - 1
    """
    arms = _arms(sample, variant)
    if arms is None:
        return None
    control, other = arms
    logarithm, error = math.log(other.mean / control.mean), math.sqrt(control.variance + other.variance)
    if error <= 0.0:
        return None
    alpha = level / max(sides - 1, 1)
    units = control.units + other.units
    freedom = _freedom(control, other)
    wide = error * _sequence_factor(units, planned=planned * 2 / max(sides, 2), alpha=alpha)
    once = error * float(special.stdtrit(freedom, 1.0 - alpha / 2.0))
    return Difference(
        control=control,
        variant=other,
        difference=math.expm1(logarithm),
        sequence=(math.expm1(logarithm - wide), math.expm1(logarithm + wide)),
        fixed=(math.expm1(logarithm - once), math.expm1(logarithm + once)),
        p_value=2.0 * float(special.stdtr(freedom, -abs(logarithm) / error)),
        error=error,
    )


def mean_of(sample: Sample, variant: int) -> tuple[int, float]:
    """Return the number of units of a variant and its ratio as it stands, nan where there is nothing below the line."""
    mine = sample.variant == variant
    under = float(sample.under[mine].sum())
    return int(mine.sum()), float(sample.over[mine].sum()) / under if under > 0.0 else math.nan


def sample_ratio_p(counts: Sequence[int], weights: Sequence[float]) -> float | None:
    """Return the chance of so uneven a split, or a worse one, if units came by weight (Pearson's chi-square).

    None without units. Below 0.001 something is broken, and no figure of the experiment is to be trusted
    (Fabijan et al. 2019).
    """
    seen, share = np.asarray(counts, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    expected = seen.sum() * share / share.sum()
    if seen.sum() <= 0.0:
        return None
    return float(special.chdtrc(len(seen) - 1, ((seen - expected) ** 2 / expected).sum()))


def power_of(lift: float, error: float, *, level: float = LEVEL) -> float:
    """Return how often a true relative difference is found by one look with this standard error of the logarithm."""
    line = float(special.ndtri(1.0 - level / 2.0))
    return float(special.ndtr(abs(math.log1p(lift)) / error - line))


def detectable(found: Difference, *, planned: int, power: float = 0.8, level: float = LEVEL) -> float:
    """Return the smallest relative difference that the planned number of units finds so often, at one look."""
    units = found.control.units + found.variant.units
    error = found.error * math.sqrt(units / max(planned, units))
    return math.expm1(error * float(special.ndtri(1.0 - level / 2.0) + special.ndtri(power)))


def _sequence_factor(units: int, *, planned: float, alpha: float) -> float:
    """Return how many standard errors wide the sequence is on either side after so many units."""
    odds = -2.0 * math.log(alpha)
    spread = units * (odds + math.log(odds) + 1.0) / planned
    return math.sqrt((spread + 1.0) / spread * (odds + math.log1p(spread)))


def _arms(sample: Sample, variant: int) -> tuple[Arm, Arm] | None:
    """Return control and variant, adjusted by what was before where it is known."""
    sides = [np.flatnonzero(sample.variant == side) for side in (0, variant)]
    parts = [(sample.over[rows], sample.under[rows]) for rows in sides]
    if any(np.count_nonzero(over) < FEW or under.sum() <= 0.0 for over, under in parts):
        return None
    means = [float(over.sum() / under.sum()) for over, under in parts]
    terms = [(over - mean * under) / under.mean() for (over, under), mean in zip(parts, means, strict=True)]
    if sample.covariate is not None:
        before = [sample.covariate[rows] for rows in sides]
        means, terms = _adjusted(means, terms, before)
        if min(means) <= 0.0:
            return None
    control, other = (
        Arm(len(one), mean, float(one.var(ddof=1)) / len(one) / mean**2) for mean, one in zip(means, terms, strict=True)
    )
    return control, other


def _adjusted(means: list[float], terms: list[Values], before: list[Values]) -> tuple[list[float], list[Values]]:
    """Return ratios and terms without what the time before explains; one slope for both, from within each."""
    inner = [one - one.mean() for one in before]
    square = sum(float(one @ one) for one in inner)
    if square <= 0.0:
        return means, terms
    slope = sum(float(one @ term) for one, term in zip(inner, terms, strict=True)) / square
    centre = sum(float(one.sum()) for one in before) / sum(map(len, before))
    shifted = [mean - slope * (float(one.mean()) - centre) for mean, one in zip(means, before, strict=True)]
    return shifted, [term - slope * one for term, one in zip(terms, inner, strict=True)]


def _freedom(control: Arm, other: Arm) -> float:
    """Return Welch's degrees of freedom."""
    parts = control.variance**2 / (control.units - 1), other.variance**2 / (other.units - 1)
    return (control.variance + other.variance) ** 2 / sum(parts)
