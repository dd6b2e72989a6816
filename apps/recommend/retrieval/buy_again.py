"""What the shopper will need again, and when: by how long a pack lasts, or by how long it took before."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from apps.recommend import conf
from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.ml.repeats import Purchases, RepeatModel, find_due
from apps.recommend.optics.supply import days_of, is_used_up, run_out, wear_factor
from apps.recommend.shelves.choosing import may_answer
from apps.recommend.shelves.lists import habits_of

_DAY = 86_400.0
AHEAD_DAYS = 14.0  # what runs out within so many days is due
_PASSED_DAYS = 120.0  # what ran out so long ago is bought elsewhere by now
_LEAST_CHANCE = 0.15  # of being bought in the days ahead, where only habits say when


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what was bought and is due, the soonest (or longest overdue) first, with the days until then.

    What is meant to last a known time is due by that, and by how much longer this shopper takes; else by the habits of
    those who bought it. An item that says something of health is shown with its date only with the consent to that.
    """
    by_item: dict[str, list[float]] = {}
    for item_id, time in question.about.orders:
        by_item.setdefault(item_id, []).append(time)
    row_of = shelf.columns.row_of
    known = {row_of[item]: times for item, times in by_item.items() if item in row_of}
    rows = np.fromiter(known, np.int32, len(known))
    known = {row: known[row] for row in rows[may_answer(rows, question)].tolist()} if len(rows) else {}
    due = _by_supply(shelf, known, question.now)
    due |= _by_habit(shelf, {row: times for row, times in known.items() if row not in due}, question.now)
    soon = {row: days for row, days in due.items() if -_PASSED_DAYS <= days <= AHEAD_DAYS}
    return _written(shelf, question, soon)


def _by_supply(shelf: Shelf, known: dict[int, list[float]], now: float) -> dict[int, float]:
    """Return in how many days what lasts a known time runs out, below zero where it has."""
    columns = shelf.columns
    found: dict[int, float] = {}
    for row, times in known.items():
        lasts = days_of(columns.item_types[columns.item_type[row]], columns.attributes[row])
        if lasts is None:
            continue
        days = [time / _DAY for time in times]
        packs, last = _together(days)
        factor = wear_factor(_intervals(days), lasts)
        found[row] = run_out(last, packs * lasts, packs * lasts, factor) - now / _DAY
    return found


def _by_habit(shelf: Shelf, known: dict[int, list[float]], now: float) -> dict[int, float]:
    """Return in how many days what is bought again by habit is expected, where that is likely at all."""
    habits, columns = habits_of(shelf), shelf.columns
    used_up = [row for row in known if is_used_up(columns.item_types[columns.item_type[row]], columns.attributes[row])]
    pairs = [(int(shelf.model_row[row]), time) for row in used_up for time in known[row]]
    if habits is None or not pairs:
        return {}
    return _expected(shelf, habits.repeats, pairs, now)


def _expected(shelf: Shelf, model: RepeatModel, pairs: Sequence[tuple[int, float]], now: float) -> dict[int, float]:
    rows, times = zip(*pairs, strict=True)
    items = np.array(rows, dtype=np.int32)
    bought = Purchases(np.zeros(len(items), dtype=np.int32), items, np.array(times))
    due = find_due(model, bought, now=now, horizon_days=AHEAD_DAYS)
    likely = due.chance >= _LEAST_CHANCE
    days = (due.expected - now) / _DAY
    return dict(zip(shelf.column_row[due.item[likely]].tolist(), days[likely].tolist(), strict=True))


def _together(days: Sequence[float]) -> tuple[float, float]:
    """Return how many packs were bought the last time (the same day), and when that was."""
    last = max(days)
    return float(sum(last - day < 1.0 for day in days)), last


def _intervals(days: Sequence[float]) -> list[float]:
    """Return the days between purchases; what was bought on one day is one purchase."""
    ordered = sorted(days)
    return [later - sooner for sooner, later in pairwise(ordered) if later - sooner >= 1.0]


def _written(shelf: Shelf, question: Question, due: dict[int, float]) -> Candidates:
    """Return the rows by how soon they are due; days that must not be said are -1."""
    if not due:
        return NOTHING
    columns = shelf.columns
    ordered = sorted(due, key=lambda row: (due[row], row))[: question.limit]
    silent = conf.HEALTH_PURPOSE not in question.about.purposes
    unsaid = {row for row in ordered if silent and columns.item_types[columns.item_type[row]] in conf.HEALTH_ITEM_TYPES}
    said = [-1 if row in unsaid else max(round(due[row]), 0) for row in ordered]
    return Candidates(
        rows=np.array(ordered, dtype=np.int32),
        scores=np.linspace(1.0, 0.0, len(ordered), endpoint=False, dtype=np.float32),
        because=np.full(len(ordered), -1, dtype=np.int32),
        counts=np.array(said, dtype=np.int32),
    )
