"""The gate: which figures let a version be promoted, what it says otherwise, and what becomes of it then."""

from datetime import timedelta

import pytest

from apps.recommend.models import ModelState, ModelVersion, TrainingSchedule
from apps.recommend.registry.promote import promote_model, shadow_model
from apps.recommend.training.gate import decide, judge
from tests.apps.recommend.training.small_model import (
    NOW,
    SITE,
    MakeVersion,
    give_own_store,  # noqa: F401 - a fixture
    open_site,  # noqa: F401 - the fixture "site"
    provide_make_version,  # noqa: F401 - the fixture "make_version"
)

GOOD = {
    "cases": 500.0,
    "ndcg@10": 0.05,
    "popularity_ndcg@10": 0.01,
    "popularity_gain_low": 0.03,
    "popularity_gain": 0.04,
    "popularity_gain_high": 0.05,
}


def verdict(metrics: dict[str, float], *, has_promoted: bool = True, measured: bool = True) -> tuple[bool, str]:
    answer = judge(metrics, min_cases=50, has_promoted=has_promoted, promoted_measured=measured)
    return answer.promote, answer.reason


def beside(figure: float, low: float, mean: float, high: float) -> dict[str, float]:
    """Return the figures beside a promoted version of this NDCG@10, the difference being in this interval."""
    ends = {"promoted_gain_low": low, "promoted_gain": mean, "promoted_gain_high": high}
    return GOOD | {"promoted_ndcg@10": figure} | ends


class TestJudge:
    def test_better_than_popularity(self) -> None:
        promote, reason = verdict(GOOD)
        assert promote
        assert reason == "NDCG@10 0.0500, popularity 0.0100, 500 shoppers asked."

    def test_no_better_than_popularity(self) -> None:
        promote, reason = verdict(GOOD | {"popularity_ndcg@10": 0.05, "popularity_gain_low": -0.01})
        assert not promote
        assert reason == "NDCG@10 0.0500 does not beat popularity (0.0500)."

    def test_perhaps_better_than_popularity_is_not_enough(self) -> None:
        promote, reason = verdict(GOOD | {"popularity_gain_low": -0.002})
        assert not promote
        assert reason == (
            "NDCG@10 0.0500 does not surely beat popularity (0.0100): the difference on the same questions is "
            "+0.0400 (-0.0020 to +0.0500 with 95 % confidence), and its low end must be above 0."
        )

    def test_surely_behind_the_promoted_on_the_same_hold_out(self) -> None:
        promote, reason = verdict(beside(0.06, -0.015, -0.01, -0.005))
        assert not promote
        assert reason == (
            "NDCG@10 0.0500 is worse than the promoted version's 0.0600 on the same hold-out: the difference is "
            "-0.0100 (-0.0150 to -0.0050 with 95 % confidence), and -0.0012 is allowed."
        )

    def test_behind_within_the_interval_is_chance_and_is_told(self) -> None:
        promote, reason = verdict(beside(0.052, -0.006, -0.002, 0.002))
        assert promote
        assert reason.endswith(
            "To the promoted version on the same questions: -0.0020 (-0.0060 to +0.0020 with 95 % confidence)."
        )

    def test_surely_behind_by_next_to_nothing_is_let_by(self) -> None:
        assert verdict(beside(0.0505, -0.0007, -0.0005, -0.0003))[0]

    def test_far_behind_is_not_excused_by_few_questions(self) -> None:
        assert not verdict(beside(0.09, -0.1, -0.04, 0.02))[0]

    def test_another_hold_out_is_judged_mildly(self) -> None:
        assert verdict(GOOD | {"promoted_then_ndcg@10": 0.07})[0]
        assert not verdict(GOOD | {"promoted_then_ndcg@10": 0.09})[0]

    def test_behind_the_promoted_on_what_came_since(self) -> None:
        fresh = beside(0.04, -0.015, -0.01, -0.005) | {"fresh_cases": 80.0, "fresh_ndcg@10": 0.03}
        promote, reason = verdict(fresh)
        assert not promote
        assert "0.0300 is worse than the promoted version's 0.0400 on what 80 shoppers did since" in reason

    def test_behind_the_best_that_was_promoted_lately(self) -> None:
        promote, reason = verdict(GOOD | {"promoted_then_ndcg@10": 0.07, "anchor_ndcg@10": 0.09})
        assert not promote
        assert "behind the best that was promoted lately (0.0900 when it was trained)" in reason

    def test_too_few_cases_do_not_replace_what_was_measured(self) -> None:
        promote, reason = verdict({"cases": 12.0})
        assert not promote
        assert "only 12 of the 50 shoppers needed" in reason

    def test_too_few_cases_are_better_than_nothing(self) -> None:
        assert verdict({"cases": 12.0}, has_promoted=False, measured=False)[0]
        assert verdict({"cases": 12.0}, has_promoted=True, measured=False)[0]


class TestDecide:
    @pytest.fixture(name="rival")
    def provide_rival(self, make_version: MakeVersion) -> ModelVersion:
        """Return a good version beside one that answers."""
        make_version("m1")
        promote_model(site_id=SITE, stamp="m1", now=NOW)
        version = make_version("m2", created_at=NOW + timedelta(hours=1))
        version.metrics = GOOD
        version.save()
        return version

    def decided(self, version: ModelVersion) -> tuple[str, str]:
        decide(version, min_cases=50, now=NOW)
        return version.state, version.note

    def test_at_once(self, rival: ModelVersion) -> None:
        assert self.decided(rival)[0] == "promoted"

    def test_by_hand(self, rival: ModelVersion) -> None:
        TrainingSchedule.objects.create(site_id=SITE, promotion="by_hand")
        state, note = self.decided(rival)
        assert state == "candidate"
        assert note.endswith("Waits to be promoted by hand.")

    def test_after_a_time_in_the_shadow(self, rival: ModelVersion) -> None:
        TrainingSchedule.objects.create(site_id=SITE, promotion="after_shadow")
        assert self.decided(rival)[0] == "shadow"
        assert rival.shadowed_at == NOW

    def test_waits_while_another_is_in_the_shadow(self, rival: ModelVersion, make_version: MakeVersion) -> None:
        TrainingSchedule.objects.create(site_id=SITE, promotion="after_shadow")
        make_version("m3")
        shadow_model(site_id=SITE, stamp="m3", now=NOW)
        assert self.decided(rival)[0] == "candidate"
        assert ModelVersion.objects.get(stamp="m3").state == ModelState.SHADOW

    def test_the_first_of_a_site_does_not_wait_in_the_shadow(self, make_version: MakeVersion) -> None:
        TrainingSchedule.objects.create(site_id=SITE, promotion="after_shadow")
        version = make_version("m1")
        version.metrics = GOOD
        version.save()
        assert self.decided(version)[0] == "promoted"

    def test_a_worse_one_is_kept_with_the_reason(self, rival: ModelVersion) -> None:
        rival.metrics = beside(0.06, -0.015, -0.01, -0.005)
        rival.save()
        state, note = self.decided(rival)
        assert state == "rejected"
        assert "is worse than the promoted version's 0.0600" in note
        assert ModelVersion.objects.get(stamp="m1").state == ModelState.PROMOTED
