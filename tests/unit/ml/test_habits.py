"""What a shop's customers usually do."""

import numpy as np
import pytest

from apps.recommend.ml.habits import Assortment, Habits, Sold, fit_habits, list_by_store, weigh_sold
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import Lists

DAY = 86_400.0
FRAME, CASE, LENS, SPRAY = range(4)
ASSORTMENT = Assortment(
    item_type=np.array([0, 1, 2, 1], dtype=np.int32),
    health=np.array([False, False, True, False]),
    category_indptr=np.array([0, 1, 2, 2, 3], dtype=np.int32),
    category_indices=np.array([0, 1, 1], dtype=np.int32),
    n_categories=2,
)


def sold(*lines: tuple[int, int, int, int, float]) -> Sold:
    """Return purchases of (shopper, basket, item, store, day), ordered by time."""
    ordered = sorted(lines, key=lambda line: line[4])
    shopper, basket, item, store, day = zip(*ordered, strict=True) if ordered else ([], [], [], [], [])
    whom, what, which, where = (np.array(part, dtype=np.int32) for part in (shopper, basket, item, store))
    return Sold(whom, what, which, where, np.array(day, dtype=np.float64) * DAY)


def looked_at(found: Sold) -> Sequences:
    return Sequences(found.shopper, found.item, np.ones(len(found.item)), found.time)


def fit(found: Sold, n_stores: int = 2) -> Habits:
    return fit_habits(found, looked_at(found), ASSORTMENT, n_stores=n_stores)


def of(lists: Lists, row: int) -> list[int]:
    begin = int(lists.start[row])
    return [int(one) for one in lists.indices[begin : begin + int(lists.length[row])]]


BOTH = [line for who in range(8) for line in ((who, who, FRAME, 0, float(who)), (who, who, CASE, 0, float(who)))]
ALONE = [(20 + who, 20 + who, SPRAY, 1, float(who)) for who in range(12)]


class TestFitHabits:
    def test_what_is_bought_together_is_a_complement(self) -> None:
        assert of(fit(sold(*BOTH, *ALONE)).complements, FRAME) == [CASE]

    def test_what_the_same_shoppers_bought_is_also_bought(self) -> None:
        apart = [(who, 100 + who, SPRAY, -1, 30.0 + who) for who in range(8)]
        assert set(of(fit(sold(*BOTH, *apart)).bought, FRAME)) == {CASE, SPRAY}

    def test_nothing_leads_from_everyday_goods_to_health(self) -> None:
        lenses = [(who, 100 + who, LENS, -1, 30.0 + who) for who in range(8)]
        bought = fit(sold(*BOTH, *lenses)).bought
        assert LENS not in of(bought, FRAME)
        assert FRAME in of(bought, LENS)

    def test_lists_of_categories_hold_their_items_only(self) -> None:
        lists = fit(sold(*BOTH, *ALONE)).of_categories
        assert of(lists, 0) == [FRAME]
        assert set(of(lists, 1)) == {CASE, SPRAY}

    def test_of_no_purchases_is_empty_and_whole(self) -> None:
        habits = fit(sold())
        assert habits.sold.tolist() == [0.0] * 4
        assert [len(lists.indices) for lists in (habits.complements, habits.bought, habits.of_stores)] == [0, 0, 0]
        assert np.isfinite(habits.repeats.again).all()


class TestListByStore:
    def test_holds_what_was_sold_there(self) -> None:
        found = sold(*BOTH, *ALONE)
        lists = list_by_store(found, weigh_sold(found, looked_at(found), 4), 2)
        assert set(of(lists, 0)) == {FRAME, CASE}
        assert of(lists, 1) == [SPRAY]


class TestWeighSold:
    def test_what_sold_lately_counts_more(self) -> None:
        found = sold((0, 0, FRAME, 0, 0.0), (1, 1, CASE, 0, 90.0))
        chosen = weigh_sold(found, looked_at(found), 4)
        assert chosen[CASE] == pytest.approx(1.0)
        assert 0.0 < chosen[FRAME] < chosen[CASE]

    def test_what_never_sold_follows_by_looks(self) -> None:
        found = sold((0, 0, FRAME, 0, 0.0))
        looks = Sequences(np.zeros(2, np.int32), np.array([SPRAY, SPRAY], np.int32), np.ones(2), np.array([0.0, 0.0]))
        chosen = weigh_sold(found, looks, 4)
        assert chosen[FRAME] > chosen[SPRAY] > chosen[LENS] == 0.0
