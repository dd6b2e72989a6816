"""A version beside those promoted before it, over a sequence of trainings."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from apps.recommend import selectors
from apps.recommend.ml.split import Questions
from apps.recommend.training import evaluate
from apps.recommend.training.evaluate import Measured, Places, Ranker
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.recommend.training.run import train_site
from tests.apps.recommend.training.ranges import (
    open_shop,  # noqa: F401 - the fixture "shop"
    walk,
)
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    give_own_store,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def train_daily(patch: pytest.MonkeyPatch, figures: Sequence[float]) -> list[tuple[float, str]]:
    """Train once a day on the same events, the version having this figure and popularity 0.01."""
    found = []
    for number, figure in enumerate(figures):
        answers = iter((figure, 0.01))
        patch.setattr(evaluate, "measure", lambda questions, _, given=answers: always(len(questions), next(given)))
        info = train_site(site_id=SITE, now=NOW + number * DAY)
        found.append((figure, info.state))
    return found


def always(count: int, figure: float) -> Measured:
    """Return what is measured where every question has this NDCG@10."""
    return Measured(figures={"ndcg@10": figure}, ndcg=np.full(count, figure))


def at_place(better: int) -> Ranker:
    """Return a ranker that has the target after so many others, always."""

    def rank(questions: Questions) -> Places:
        return Places(np.full(len(questions), better, np.int64), np.ones(len(questions), np.int64))

    return rank


def promoted_figure() -> float:
    promoted = selectors.find_promoted(site_id=SITE)
    assert promoted is not None
    return float(promoted.metrics["ndcg@10"])


class TestSteps:
    def test_steps_within_the_tolerance_do_not_lead_away(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(300)
        steps = train_daily(monkeypatch, [0.2, 0.125, 0.08, 0.075, 0.121, 0.076])
        assert [state for _, state in steps] == [
            "promoted", "promoted", "rejected", "rejected", "promoted", "rejected",
        ]  # fmt: skip

    def test_nor_do_many_small_ones(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(300)
        train_daily(monkeypatch, [0.2 * 0.95**number for number in range(14)])
        assert promoted_figure() == pytest.approx(0.2 * 0.95**9, abs=1e-6)

    def test_what_is_better_raises_the_mark(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(300)
        steps = train_daily(monkeypatch, [0.2, 0.3, 0.19, 0.17])
        assert [state for _, state in steps] == ["promoted", "promoted", "promoted", "rejected"]


class TestEvaluateBeside:
    def test_both_are_asked_what_the_promoted_has_not_seen(self, shop: str) -> None:
        walk(600, end=NOW)
        train_site(site_id=shop, now=NOW)
        walk(600, end=NOW + DAY, seed=6)
        info = train_site(site_id=shop, now=NOW + DAY)
        assert info.metrics["fresh_cases"] >= DEFAULT_RECIPE.min_cases
        assert info.metrics["fresh_ndcg@10"] == pytest.approx(info.metrics["promoted_ndcg@10"], rel=0.1)
        assert "promoted_then_ndcg@10" not in info.metrics
        assert info.state == "promoted"

    def test_a_weak_one_is_rejected_by_it(self, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
        walk(600, end=NOW)
        good = train_site(site_id=shop, now=NOW)
        walk(600, end=NOW + DAY, seed=6)
        monkeypatch.setattr(evaluate, "rank_by_loaded", lambda *_: at_place(0))  # always right
        monkeypatch.setattr(evaluate, "rank_by_engine", lambda *_: at_place(4))  # fifth, above popularity
        info = train_site(site_id=shop, now=NOW + DAY)
        assert info.state == "rejected"
        assert f"{info.metrics['fresh_cases']:.0f} shoppers did since" in info.note
        assert selectors.find_promoted_stamp(site_id=shop) == good.stamp

    def test_without_new_cases_the_recorded_figure_is_what_there_is(self, shop: str) -> None:
        walk(600)
        first = train_site(site_id=shop, now=NOW)
        info = train_site(site_id=shop, now=NOW + DAY)
        assert info.metrics["promoted_then_ndcg@10"] == first.metrics["ndcg@10"]
        assert info.metrics["anchor_ndcg@10"] == first.metrics["ndcg@10"]
        assert "promoted_ndcg@10" not in info.metrics
