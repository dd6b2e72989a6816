"""Repeat purchases: intervals and chances by hand, and what time does to them."""

import numpy as np
import pytest

from apps.recommend.ml.repeats import DAY, Due, Purchases, RepeatModel, RepeatParams, find_due, fit_repeats

# Nothing is drawn anywhere: what was seen is what is believed.
LONG_AFTER = 1e9  # days: who has not bought again by then will not
BARE = RepeatParams(own_strength=1e-9, item_strength=1e-9, type_strength=1e-9)


def purchases(*bought: tuple[int, int, float]) -> Purchases:
    """Purchases as shopper, item, day."""
    shopper, item, day = zip(*bought, strict=True) if bought else ((), (), ())
    return Purchases(
        np.array(shopper, dtype=np.int32), np.array(item, dtype=np.int32), np.array(day, dtype=np.float64) * DAY
    )


def chance_of(due: Due, shopper: int, item: int) -> float:
    return float(due.chance[(due.shopper == shopper) & (due.item == item)][0])


def model(days: float = 30.0, again: float = 0.5, spread: float = 0.5, params: RepeatParams = BARE) -> RepeatModel:
    return RepeatModel(
        log_days=np.full(3, np.log(days), dtype=np.float32),
        spread=spread,
        again=np.full((3, params.max_count), again, dtype=np.float32),
        params=params,
    )


class TestFitRepeats:
    def test_the_interval_is_the_geometric_mean(self) -> None:
        made = fit_repeats(purchases((0, 0, 0), (0, 0, 10), (0, 0, 50)), 1, BARE)
        assert np.exp(made.log_days[0]) == pytest.approx(20.0)

    def test_purchases_of_one_day_are_one(self) -> None:
        made = fit_repeats(purchases((0, 0, 0), (0, 0, 0.1), (0, 0, 10), (0, 1, LONG_AFTER)), 2, BARE)
        assert made.again[0, :2].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)

    def test_the_chance_by_how_often_it_was_bought(self) -> None:
        told = purchases(
            (0, 0, 0), (0, 0, 9), (0, 0, 18), (1, 0, 0), (1, 0, 9), (2, 0, 0), (3, 0, 0), (9, 1, LONG_AFTER)
        )
        assert fit_repeats(told, 2, BARE).again[0, :3].tolist() == pytest.approx([0.5, 0.5, 0.0], abs=1e-6)

    def test_who_may_still_buy_again_is_not_counted_as_one_who_did_not(self) -> None:
        told = [(0, 0, 0), (0, 0, 10), (1, 0, 0), (1, 0, 10), (2, 0, 99.9), (3, 0, 99.9)]
        early, late = (
            fit_repeats(purchases(*told, (9, 1, 100)), 2, BARE),
            fit_repeats(purchases(*told, (9, 1, LONG_AFTER)), 2, BARE),
        )
        assert late.again[0, 0] == pytest.approx(0.5, abs=1e-6)
        assert early.again[0, 0] > 0.9

    def test_an_item_without_purchases_has_what_its_type_has(self) -> None:
        told = purchases((0, 0, 0), (0, 0, 10), (1, 2, 0), (1, 2, 90))
        made = fit_repeats(told, 4, BARE, item_type=np.array([0, 0, 1, 1], dtype=np.int32))
        assert np.exp(made.log_days).tolist() == pytest.approx([10.0, 10.0, 90.0, 90.0])

    def test_little_evidence_is_drawn_to_the_type(self) -> None:
        told = purchases((0, 0, 0), (0, 0, 10), *[(n, 1, day) for n in range(1, 40) for day in (0, 90)])
        days = np.exp(fit_repeats(told, 2, RepeatParams()).log_days)
        assert 10 < days[0] < days[1] < 90.0 + 1e-3

    def test_nothing_bought_again_leaves_usual_values(self) -> None:
        made = fit_repeats(purchases((0, 0, 0)), 2, RepeatParams())
        assert np.exp(made.log_days).tolist() == pytest.approx([30.0, 30.0])
        assert bool((made.again <= 0.5).all())


class TestFindDue:
    def test_the_chance_is_the_share_of_the_distribution_that_lies_ahead(self) -> None:
        due = find_due(model(again=0.5), purchases((0, 0, 0)), now=30 * DAY, horizon_days=1e9)
        assert chance_of(due, 0, 0) == pytest.approx(0.5 * 0.5 / (1 - 0.5 * 0.5))

    def test_it_rises_to_the_interval_and_falls_long_after(self) -> None:
        told = purchases((0, 0, 0))
        early, due, late = (
            chance_of(find_due(model(), told, now=day * DAY, horizon_days=7), 0, 0) for day in (3, 25, 300)
        )
        assert early < due
        assert late < due

    def test_what_is_expected_first_is_the_interval_after_the_purchase(self) -> None:
        due = find_due(model(days=30.0), purchases((0, 0, 10)), now=10 * DAY, horizon_days=7)
        assert due.expected[0] / DAY == pytest.approx(40.0)

    def test_what_is_overdue_is_expected_after_now(self) -> None:
        due = find_due(model(days=30.0), purchases((0, 0, 0)), now=100 * DAY, horizon_days=7)
        assert due.expected[0] > 100 * DAY

    def test_ones_own_interval_counts(self) -> None:
        drawn = RepeatParams(own_strength=1.0)
        told = purchases((0, 0, 0), (0, 0, 10), (1, 0, 10))
        due = find_due(model(days=40.0, params=drawn), told, now=10 * DAY, horizon_days=7)
        assert (due.expected / DAY - 10).tolist() == pytest.approx([20.0, 40.0])

    def test_ordered_by_shopper_and_chance(self) -> None:
        told = purchases((1, 0, 0), (0, 1, 20), (0, 0, 0), (0, 2, 20))
        due = find_due(model(), told, now=21 * DAY, horizon_days=7)
        assert list(zip(due.shopper.tolist(), due.item.tolist(), strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0)]

    def test_items_unknown_and_purchases_to_come_are_left_out(self) -> None:
        told = purchases((0, 7, 0), (0, -1, 0), (0, 1, 50), (0, 2, 1))
        assert find_due(model(), told, now=10 * DAY, horizon_days=7).item.tolist() == [2]

    def test_nobody_bought_anything(self) -> None:
        assert [len(part) for part in find_due(model(), purchases(), now=0.0, horizon_days=7)] == [0, 0, 0, 0]

    def test_chances_are_what_happens(self) -> None:
        rng = np.random.default_rng(11)
        days = np.cumsum(np.exp(np.log(20.0) + 0.3 * rng.standard_normal((400, 8))), axis=1)
        told = purchases(*[(row, 0, day) for row, line in enumerate(days.tolist()) for day in line if day < 100])
        made = fit_repeats(told, 1, RepeatParams())
        due = find_due(made, told, now=100 * DAY, horizon_days=7)
        came = ((days >= 100) & (days < 107)).any(axis=1).sum()
        assert 0.8 < due.chance.sum() / came < 1.15
