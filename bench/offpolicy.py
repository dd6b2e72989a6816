"""Do the intervals of off-policy estimates hold the truth as often as they say? Simulated, so the truth is known.

    python -m bench.offpolicy [--repeats 200] [--decisions 2000] [--seed 5] [--json FILE]

A logging policy that prefers some actions (every action keeps a chance) takes decisions in several contexts; another
policy, which prefers what pays more, is judged from this log alone: by inverse propensities, self-normalised, and
doubly robust with a reward model that sees no contexts (wrong on purpose) and one that does. Ends with 1 where an
interval held the truth in less than 90 % of the repeats.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.offpolicy import Estimate, Logged, doubly_robust, ips, snips

CONTEXTS, ACTIONS = 12, 8
REQUIRED = 0.9
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """context: share of each context, float64 [c]; pays: chance of a reward by context and action, float64 [c, a]
    logging, other: chance of each action in each context, float64 [c, a]
    """

    context: Values
    pays: Values
    logging: Values
    other: Values

    @property
    def truth(self) -> float:
        """Return what the other policy earns a decision."""
        return float(self.context @ (self.other * self.pays).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the intervals of one estimator held the truth, its bias, root of mean squared error and mean width."""

    estimator: str
    share: float
    bias: float
    error: float
    width: float


def make_world(*, seed: int) -> World:
    """Return a world in which the policies differ; every action keeps a chance of 2 % or more in the log."""
    draw = np.random.default_rng(seed)
    pays = draw.beta(2.0, 10.0, size=(CONTEXTS, ACTIONS))
    liked = _softmax(draw.normal(size=(CONTEXTS, ACTIONS)))
    floor = 0.02 * ACTIONS
    return World(
        context=draw.dirichlet(np.full(CONTEXTS, 3.0)),
        pays=pays,
        logging=(1.0 - floor) * liked + floor / ACTIONS,
        other=_softmax(12.0 * pays),
    )


def simulate(world: World, *, decisions: int, seed: int) -> dict[str, Estimate]:
    """Log decisions and return what each estimator says of the other policy."""
    draw = np.random.default_rng(seed)
    context = draw.choice(CONTEXTS, size=decisions, p=world.context)
    until = np.cumsum(world.logging, axis=1)[context]
    action = np.minimum((draw.random(decisions)[:, None] >= until).sum(axis=1), ACTIONS - 1)
    reward = (draw.random(decisions) < world.pays[context, action]).astype(np.float64)
    logged = Logged(reward, world.logging[context, action], world.other[context, action])
    plain = _foretold(np.zeros(decisions, dtype=np.int64), action, reward, world.other[context])
    seeing = _foretold(context, action, reward, world.other[context])
    return {
        "ips": ips(logged),
        "snips": snips(logged),
        "doubly robust, wrong model": doubly_robust(logged, *plain),
        "doubly robust, right model": doubly_robust(logged, *seeing),
    }


def measure(*, repeats: int, decisions: int, seed: int) -> list[Coverage]:
    """Return how often each estimator's interval holds the truth, every repeat with a world and a log of its own."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for repeat in range(repeats):
        world = make_world(seed=seed + 2 * repeat)
        for name, estimate in simulate(world, decisions=decisions, seed=seed + 2 * repeat + 1).items():
            low, mean, high = estimate.interval
            found.setdefault(name, []).append((low - world.truth, mean - world.truth, high - world.truth))
    return [_coverage(name, np.array(ends)) for name, ends in found.items()]


def _coverage(name: str, ends: Values) -> Coverage:
    low, mean, high = ends.T
    return Coverage(
        estimator=name,
        share=float(((low <= 0.0) & (high >= 0.0)).mean()),
        bias=float(mean.mean()),
        error=float(np.sqrt((mean**2).mean())),
        width=float((high - low).mean()),
    )


def _foretold(
    group: NDArray[np.int64], action: NDArray[np.int64], reward: Values, other: Values
) -> tuple[Values, Values]:
    """Return the reward foretold of each decision and of the other policy's, learned from the half it is not in."""
    half = np.arange(len(reward)) % 2
    cell = group * ACTIONS + action
    size = (int(group.max()) + 1) * ACTIONS
    predicted, expected = np.empty(len(reward)), np.empty(len(reward))
    for asked in (0, 1):
        mine, learned = half == asked, half != asked
        count = np.bincount(cell[learned], minlength=size)
        total = np.bincount(cell[learned], weights=reward[learned], minlength=size)
        table = ((total + reward[learned].mean()) / (count + 1.0)).reshape(-1, ACTIONS)
        predicted[mine] = table[group[mine], action[mine]]
        expected[mine] = (other[mine] * table[group[mine]]).sum(axis=1)
    return predicted, expected


def _softmax(values: Values) -> Values:
    grown = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _show(found: list[Coverage], arguments: argparse.Namespace) -> None:
    print(f"{arguments.repeats} repeats of {arguments.decisions} decisions, nominal 95 %, required {REQUIRED:.0%}")
    print(f"{'estimator':28} {'holds':>7} {'bias':>9} {'rmse':>8} {'width':>8}")
    for row in found:
        print(f"{row.estimator:28} {row.share:7.1%} {row.bias:+9.5f} {row.error:8.5f} {row.width:8.5f}")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.offpolicy", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(words)
    found = measure(repeats=arguments.repeats, decisions=arguments.decisions, seed=arguments.seed)
    _show(found, arguments)
    if arguments.json is not None:
        figures = {row.estimator: {"holds": row.share, "bias": row.bias, "rmse": row.error} for row in found}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.share >= REQUIRED for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
