"""What is compared, measured in turn, several times: what else the machine does then falls on all alike."""

import statistics
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bench.client import Failed
from bench.load import Measured, Target, measure

CONCURRENCIES = (1, 8)
ROUNDS = 3
BASE = "empty_view"
Round = dict[tuple[str, int], Measured]


def measure_all(targets: Mapping[str, Target], *, seconds: float, compared: tuple[str, ...]) -> dict[str, Any]:
    """Return by target and connections the median round, and `ratios` of those compared to the empty view.

    Raises Failed where answers were errors.
    """
    for target in targets.values():
        measure(target, concurrency=8, seconds=1.0)  # warm
    rounds = [_round(targets, seconds) for _ in range(ROUNDS)]
    figures: dict[str, Any] = {}
    for name in targets:
        taken = {str(count): [one[name, count] for one in rounds] for count in CONCURRENCIES}
        _refuse_errors(name, taken)
        found = {count: sorted(each, key=lambda one: one.rps)[len(each) // 2] for count, each in taken.items()}
        figures[name] = {count: asdict(result) for count, result in found.items()}
    figures["ratios"] = {name: _ratio(rounds, name) for name in compared}
    return figures


def _round(targets: Mapping[str, Target], seconds: float) -> Round:
    return {
        (name, count): measure(target, concurrency=count, seconds=seconds)
        for count in CONCURRENCIES
        for name, target in targets.items()
    }


def _ratio(rounds: list[Round], name: str) -> float | None:
    """Return the median over the rounds of this target's requests/s at 8 over the empty view's of the same round."""
    if (BASE, 8) not in rounds[0]:
        return None
    return round(statistics.median(one[name, 8].rps / one[BASE, 8].rps for one in rounds), 3)


def _refuse_errors(name: str, taken: Mapping[str, list[Measured]]) -> None:
    for count, each in taken.items():
        for number, result in enumerate(each, start=1):
            if result.errors:
                raise Failed(f"{name} at concurrency {count}, round {number}: {result.errors} answers were errors")
