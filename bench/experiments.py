"""Do experiments say what is true? Simulated, so the truth is known.

    python -m bench.experiments [--seeds 2000] [--days 28] [--units 3000] [--json FILE]

Shoppers come over the days and are put on their sides by the real hash (one salt a seed). What they do is drawn: clicks
of several slates, purchases, money with a long tail, and how eager each shopper is, which also shows before the
experiment. Every metric is asked every day, as the program does.

- A/A: nothing differs. How often is a difference found by one look at the end, and by the sequence at any daily look?
- A lift of 10 %: how often is it found, beside the power that is stated for the number of shoppers?
- A split that was meant to be even and is 55 to 45: how often is it flagged, and how often is an even one?

Ends with 1 where a bound is missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.bucketing import choose, share_of, to_bounds
from apps.recommend.ml.outcomes import METRICS, Outcomes, Values, Variants
from apps.recommend.ml.sequential import compare, power_of, sample_ratio_p

JUDGED = ("ctr", "conversion", "revenue_per_session")
LIFT = 0.1
FIXED_BETWEEN = (0.04, 0.06)
SEQUENCE_BELOW = 0.06
BROKEN = 0.001
LEVEL = 0.05
BROKEN_FLAGGED, EVEN_FLAGGED = 0.99, 0.01
SPLIT_UNITS = 5_000  # so many shoppers show a split of 55 to 45 in all but one of ten thousand
AGAIN = 0.12  # chance that a shopper comes back on a day
# How many shoppers are asked for a lift in a metric, so that one look finds it four times of five.
STATED_POWER = 0.8


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how many shoppers, and by how much the second side is better."""

    days: int
    units: int
    lift: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Shoppers with all that they will do: arrays of one entry a shopper.

    slates, clicked: int16 [days, n], up to the end of each day
    """

    variant: Variants
    slates: NDArray[np.int16]
    clicked: NDArray[np.int16]
    bought: Values
    paid: Values
    before: dict[str, Values]

    def on(self, day: int) -> Outcomes:
        """Return what is known at the end of a day, of those who came until then."""
        slates = self.slates[day].astype(np.float64)
        here = slates > 0.0
        seen = slates[here]
        buyers = (self.bought[here] <= day).astype(np.float64)
        facts = {
            "slates": seen,
            "clicked": self.clicked[day, here].astype(np.float64),
            "sessions": np.ceil(seen / 2.0),
            "visitors": np.ones(len(seen)),
            "bought": buyers,
            "revenue": buyers * self.paid[here],
        }
        before = {name: values[here] for name, values in self.before.items()}
        return Outcomes(variant=self.variant[here], facts=facts, before=before)


def assigned(seed: int, units: int) -> Variants:
    """Return the sides of the shoppers in the experiment of this seed, by the hash that serves."""
    bounds, salt = to_bounds([1.0, 1.0]), f"bench-{seed}"
    return np.fromiter((choose(share_of(salt, f"shopper-{one}"), bounds) for one in range(units)), np.int32, units)


def draw_world(seed: int, plan: Plan) -> World:
    """Return the world of a seed."""
    draw = np.random.default_rng([seed, 17])
    n, days = plan.units, plan.days
    variant = assigned(seed, n)
    better = np.where(variant == 1, 1.0 + plan.lift, 1.0)
    eager = draw.gamma(1.5, 1.0 / 1.5, n)
    first = draw.integers(0, days, n)
    again = draw.random((n, days)) < AGAIN
    again[np.arange(n), first] = True
    here = again & (np.arange(days) >= first[:, None])
    slates = np.where(here, 2, 0).astype(np.int16)
    clicked = draw.binomial(slates, np.minimum(0.12 * eager * better, 0.9)[:, None]).astype(np.int16)
    buys = draw.random(n) < np.minimum(0.12 * eager * better, 0.95)
    when = np.where(buys, np.minimum(first + draw.geometric(0.5, n) - 1, days - 1), np.inf)
    slates_before = draw.poisson(12.0, n).astype(np.float64)
    clicked_before = draw.binomial(slates_before.astype(np.int64), np.minimum(0.12 * eager, 0.9)).astype(np.float64)
    bought_before = (draw.random(n) < np.minimum(0.2 * eager, 0.95)).astype(np.float64)
    paid = draw.lognormal(4.5, 0.6, n)
    before = {
        "slates": slates_before,
        "clicked": clicked_before,
        "sessions": np.ceil(slates_before / 2.0),
        "visitors": np.ones(n),
        "bought": bought_before,
        "revenue": bought_before * draw.lognormal(4.5, 0.6, n),
    }
    return World(variant, _summed(slates), _summed(clicked), when, paid, before)


def _summed(by_day: NDArray[np.int16]) -> NDArray[np.int16]:
    return np.ascontiguousarray(by_day.cumsum(axis=1, dtype=np.int16).T)


def look(outcomes: Outcomes, metric: str, *, plan: Plan, cuped: bool = True) -> tuple[bool, bool, float] | None:
    """Return whether one look finds a difference, whether the sequence does, and the error; None: too early to say."""
    kept = outcomes if cuped else Outcomes(outcomes.variant, outcomes.facts, {})
    found = compare(kept.of(METRICS[metric]), variant=1, planned=plan.units)
    if found is None:
        return None
    low, high = found.sequence
    return found.p_value < LEVEL, low > 0.0 or high < 0.0, found.error


def run_seed(seed: int, plan: Plan, metrics: Sequence[str]) -> Iterator[tuple[str, bool, bool, bool, float]]:
    """Yield for every metric: found at the end by one look, by such a look on any day, by the sequence on any day, and
    the error at the end.
    """
    world = draw_world(seed, plan)
    days = [world.on(day) for day in range(plan.days)]
    for metric in metrics:
        looks = [found for day in days if (found := look(day, metric, plan=plan)) is not None]
        once, peeked, sequence = looks[-1][0], any(look[0] for look in looks), any(look[1] for look in looks)
        yield metric, once, peeked, sequence, looks[-1][2]


def measure(seeds: int, plan: Plan, metrics: Sequence[str] = JUDGED) -> dict[str, dict[str, float]]:
    """Return by metric how often something is found, and the power that the errors state for the planted lift."""
    rows: dict[str, list[tuple[float, ...]]] = {metric: [] for metric in metrics}
    for seed in range(seeds):
        for metric, once, peeked, sequence, error in run_seed(seed, plan, metrics):
            rows[metric].append((once, peeked, sequence, power_of(plan.lift, error)))
    names = ("fixed", "peeked", "sequence", "stated")
    return {metric: dict(zip(names, np.mean(found, axis=0).tolist(), strict=True)) for metric, found in rows.items()}


def units_for(metric: str, *, days: int, power: float, cuped: bool = True) -> int:
    """Return how many shoppers find the lift so often, from the errors of a few seeds."""
    trial = Plan(days=days, units=3_000)
    errors = [look(draw_world(seed, trial).on(days - 1), metric, plan=trial, cuped=cuped) for seed in range(20)]
    error = float(np.mean([one[2] for one in errors if one is not None]))
    units, step = trial.units, 100
    while power_of(LIFT, error * (trial.units / units) ** 0.5) < power:
        units += step
    while units > step and power_of(LIFT, error * (trial.units / (units - step)) ** 0.5) >= power:
        units -= step
    return units


def flagged(seeds: int, units: int, share: float) -> float:
    """Return how often the split of so many shoppers is flagged where the first side gets this share of them."""
    bounds, hits = to_bounds([share, 1.0 - share]), 0
    for seed in range(seeds):
        first = sum(choose(share_of(f"split-{seed}", f"shopper-{one}"), bounds) == 0 for one in range(units))
        ratio = sample_ratio_p([first, units - first], [1.0, 1.0])
        hits += ratio is not None and ratio < BROKEN
    return hits / seeds


def main() -> int:
    """Run, print, and say whether every bound holds."""
    options = _options()
    plan = Plan(days=options.days, units=options.units)
    started = time.perf_counter()
    same = measure(options.seeds, plan)
    print(
        f"A/A, {options.seeds:,} seeds, {plan.units:,} shoppers, {plan.days} daily looks: found though nothing is there"
    )
    for metric, found in same.items():
        print(
            f"  {metric:20} one look at the end {found['fixed']:6.2%}   sequence on any day {found['sequence']:6.2%}   "
            f"(such a look on any day {found['peeked']:6.2%})"
        )
    lifts = _lifts(max(options.seeds // 5, 1), options.days)
    broken = flagged(max(options.seeds // 5, 1), SPLIT_UNITS, 0.55)
    even = flagged(max(options.seeds // 5, 1), SPLIT_UNITS, 0.5)
    print(f"a split of 55 to 45 is flagged in {broken:.1%}, an even one in {even:.2%} ({SPLIT_UNITS:,} shoppers)")
    print(f"{time.perf_counter() - started:.0f} s")
    if options.json:
        figures = {"same": same, "lift": lifts, "broken_split_flagged": broken, "even_split_flagged": even}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    missed = _missed(same, lifts, broken, even)
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


def _lifts(seeds: int, days: int) -> dict[str, dict[str, float]]:
    print(
        f"a lift of {LIFT:.0%}, {seeds:,} seeds, as many shoppers as one look needs for a power of {STATED_POWER:.0%}"
    )
    found: dict[str, dict[str, float]] = {}
    for metric in JUDGED:
        units = units_for(metric, days=days, power=STATED_POWER)
        plain = units_for(metric, days=days, power=STATED_POWER, cuped=False)
        one = measure(seeds, Plan(days=days, units=units, lift=LIFT), [metric])[metric]
        found[metric] = {"units": units, "units_without_cuped": plain, **one}
        print(
            f"  {metric:20} {units:6,} shoppers ({plain:,} without CUPED): stated {one['stated']:.1%}, "
            f"one look at the end {one['fixed']:.1%}, sequence on any day {one['sequence']:.1%}"
        )
    return found


def _missed(
    same: dict[str, dict[str, float]], lifts: dict[str, dict[str, float]], broken: float, even: float
) -> list[str]:
    low, high = FIXED_BETWEEN
    lines = [
        f"{metric}: one look {one['fixed']:.2%}" for metric, one in same.items() if not low <= one["fixed"] <= high
    ]
    lines += [
        f"{metric}: sequence {one['sequence']:.2%}" for metric, one in same.items() if one["sequence"] > SEQUENCE_BELOW
    ]
    lines += [
        f"{metric}: power {one['fixed']:.1%}, stated {one['stated']:.1%}"
        for metric, one in lifts.items()
        if one["fixed"] < one["stated"] - 0.05
    ]
    if broken < BROKEN_FLAGGED:
        lines.append(f"a broken split is flagged in {broken:.1%} only")
    if even > EVEN_FLAGGED:
        lines.append(f"an even split is flagged in {even:.2%}")
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--units", type=int, default=3_000)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
