"""The gate: which figures let a version be promoted, and what it says otherwise."""

from apps.recommend.training.evaluate import judge

GOOD = {"cases": 500.0, "ndcg@10": 0.05, "popularity_ndcg@10": 0.01}


def verdict(metrics: dict[str, float], *, has_promoted: bool = True, measured: bool = True) -> tuple[bool, str]:
    answer = judge(metrics, min_cases=50, has_promoted=has_promoted, promoted_measured=measured)
    return answer.promote, answer.reason


class TestJudge:
    def test_better_than_popularity(self) -> None:
        promote, reason = verdict(GOOD)
        assert promote
        assert reason == "NDCG@10 0.0500, popularity 0.0100, 500 shoppers asked."

    def test_no_better_than_popularity(self) -> None:
        promote, reason = verdict(GOOD | {"popularity_ndcg@10": 0.05})
        assert not promote
        assert "does not beat popularity" in reason

    def test_behind_the_promoted_on_the_same_hold_out(self) -> None:
        promote, reason = verdict(GOOD | {"promoted_ndcg@10": 0.06})
        assert not promote
        assert "behind the promoted version (0.0600 on the same hold-out)" in reason

    def test_a_little_behind_is_chance(self) -> None:
        assert verdict(GOOD | {"promoted_ndcg@10": 0.052})[0]

    def test_another_hold_out_is_judged_mildly(self) -> None:
        assert verdict(GOOD | {"promoted_then_ndcg@10": 0.07})[0]
        assert not verdict(GOOD | {"promoted_then_ndcg@10": 0.09})[0]

    def test_behind_the_promoted_on_what_came_since(self) -> None:
        fresh = {"fresh_cases": 80.0, "fresh_ndcg@10": 0.03, "promoted_ndcg@10": 0.04}
        promote, reason = verdict(GOOD | fresh)
        assert not promote
        assert reason == (
            "NDCG@10 0.0300 falls more than 10% behind the promoted version (0.0400 on what 80 shoppers did since)."
        )
        assert verdict(GOOD | fresh | {"fresh_ndcg@10": 0.037})[0]

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
