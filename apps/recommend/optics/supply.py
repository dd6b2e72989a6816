"""How long a supply lasts: contact lenses by the box, solution by the bottle, batteries by the cell.

The formulas are those of everyday practice: lenses in the boxes of an eye, times the days of a lens, as a week is worn;
the eye that runs out first decides. Time is in days.
"""

from collections.abc import Mapping, Sequence
from typing import Any

WORN_DAYS = 7.0  # days a week that lenses are worn, where nobody says otherwise
WAKING_HOURS = 16.0  # that an aid is worn a day
MIN_FACTOR, MAX_FACTOR = 0.7, 2.5
_USED_UP = frozenset({"battery", "consumable", "spray", "wipes"})
_PRIOR = 2.0  # intervals as expected that stand beside those that were seen


def days_of_lenses(
    lenses_per_box: float, days_per_lens: float, *, boxes: float = 1.0, wear_days: float = WORN_DAYS
) -> float:
    """Return how many days the boxes of one eye last: boxes * lenses * days * 7 / days worn a week."""
    return boxes * lenses_per_box * days_per_lens * 7.0 / wear_days


def run_out(start: float, right: float, left: float, factor: float = 1.0) -> float:
    """Return the day on which the first eye is without lenses: start + min(right, left) * wear factor."""
    return start + min(right, left) * factor


def wear_factor(intervals: Sequence[float], expected: float) -> float:
    """Return by how much this wearer takes longer than expected, from the days between purchases.

    (2 + sum of interval / expected) / (2 + their number), between 0.7 and 2.5: two expected ones stand beside them.
    """
    if expected <= 0:
        return 1.0
    seen = sum(interval / expected for interval in intervals)
    return min(max((_PRIOR + seen) / (_PRIOR + len(intervals)), MIN_FACTOR), MAX_FACTOR)


def days_of(item_type: str, facts: Mapping[str, Any]) -> float | None:
    """Return how many days one purchase of the item is meant to last, None where its facts do not say.

    A purchase of lenses is taken to be one box for each eye, as boxes hold lenses of one power.
    """
    if item_type == "contact_lens":
        return _of_lenses(facts)
    if item_type == "solution":
        return _number(facts, "days_supply")
    if item_type == "hearing" and facts.get("kind") == "battery":
        return _of_cells(facts)
    return None


def is_used_up(item_type: str, facts: Mapping[str, Any]) -> bool:
    """Return whether the item is of the kind that is bought again because it is used up; a frame is not."""
    kind = facts.get("kind")
    if item_type == "hearing":
        return kind in _USED_UP
    if item_type == "accessory":
        return kind in _USED_UP or (_number(facts, "pack_size") or 1.0) > 1.0
    return item_type in {"contact_lens", "solution", "generic"}


def _of_lenses(facts: Mapping[str, Any]) -> float | None:
    count, days = _number(facts, "lenses_per_box"), _number(facts, "days_per_lens")
    return None if count is None or days is None else days_of_lenses(count, days)


def _of_cells(facts: Mapping[str, Any]) -> float | None:
    """Return how long a pack lasts two aids."""
    hours, cells = _number(facts, "hours_per_cell"), _number(facts, "pack_size")
    return None if hours is None or cells is None else hours * cells / WAKING_HOURS / 2.0


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
