"""Off-policy estimates."""

import numpy as np
import pytest

from apps.recommend.ml.offpolicy import Logged, doubly_robust, ips, snips
from bench import offpolicy


def values(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float64)


SAME = Logged(values(1, 0, 1, 0), values(0.5, 0.5, 0.25, 0.25), values(0.5, 0.5, 0.25, 0.25))
OTHER = Logged(values(1, 0, 1, 0), np.full(4, 0.5), values(1, 0, 0.5, 0.5))  # weights 2, 0, 1, 1


class TestIps:
    def test_the_same_policy_earns_what_was_earned(self) -> None:
        found = ips(SAME)
        assert (found.interval.mean, found.effective) == (0.5, 4.0)

    def test_by_hand(self) -> None:
        found = ips(OTHER)
        assert found.interval.mean == 0.75
        assert found.effective == pytest.approx(16 / 6)

    def test_the_interval_is_students(self) -> None:
        half = 3.182446 * np.std([2, 0, 1, 0], ddof=1) / 2  # t of 3 degrees of freedom, 97.5 %
        low, mean, high = ips(OTHER).interval
        assert (low, high) == pytest.approx((mean - half, mean + half), rel=1e-5)

    def test_copies_of_a_shoppers_decision_make_nothing_surer(self) -> None:
        reward, chance, wanted = (np.repeat(part, 5) for part in (OTHER.reward, OTHER.chance, OTHER.wanted))
        copied = Logged(reward, chance, wanted, cluster=np.repeat(np.arange(4, dtype=np.int32), 5))
        assert ips(copied).interval == pytest.approx(ips(OTHER).interval)

    def test_one_decision_leaves_everything_open(self) -> None:
        assert ips(Logged(values(1), values(0.5), values(0.5))).interval == (-np.inf, 1.0, np.inf)

    @pytest.mark.parametrize(
        ("logged", "message"),
        [
            (Logged(values(), values(), values()), "no logged decisions"),
            (Logged(values(1), values(0), values(1)), "logged with its propensity"),
            (Logged(values(1), values(1.5), values(1)), "logged with its propensity"),
            (Logged(values(1), values(0.5), values(1.5)), "between 0 and 1"),
            (Logged(values(1, 1), values(0.5), values(1, 1)), "chance has 1 entries for 2"),
            (Logged(values(np.nan), values(0.5), values(1)), "reward is not finite"),
            (Logged(values(1), values(0.5), values(1), np.zeros(2, np.int32)), "2 clusters for 1"),
        ],
    )
    def test_logs_that_cannot_be_used(self, logged: Logged, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ips(logged)

    def test_a_level_in_percent(self) -> None:
        with pytest.raises(ValueError, match="level 95"):
            ips(OTHER, level=95)


class TestSnips:
    def test_by_hand(self) -> None:
        assert snips(OTHER).interval.mean == 0.75  # 2 + 1 of 4 weights

    def test_what_is_added_to_all_rewards_is_added_to_the_estimate(self) -> None:
        more = Logged(OTHER.reward + 10, OTHER.chance, OTHER.wanted)
        assert snips(more).interval == pytest.approx([end + 10 for end in snips(OTHER).interval])

    def test_nothing_in_common(self) -> None:
        with pytest.raises(ValueError, match="takes none of the logged decisions"):
            snips(Logged(values(1, 0), values(0.5, 0.5), values(0, 0)))


class TestDoublyRobust:
    def test_without_a_model_it_is_ips(self) -> None:
        assert doubly_robust(OTHER, np.zeros(4), np.zeros(4)) == ips(OTHER)

    def test_a_model_that_foretells_everything_leaves_nothing_to_the_weights(self) -> None:
        found = doubly_robust(OTHER, OTHER.reward, np.full(4, 0.6))
        assert found.interval == pytest.approx((0.6, 0.6, 0.6))

    def test_a_prediction_too_few(self) -> None:
        with pytest.raises(ValueError, match="expected has 3 entries for 4"):
            doubly_robust(OTHER, np.zeros(4), np.zeros(3))


class TestCoverage:
    def test_every_interval_holds_the_truth_as_often_as_it_must(self) -> None:
        found = offpolicy.measure(repeats=200, decisions=1_000, seed=11)
        assert [row.estimator for row in found if not 0.9 <= row.share <= 0.995] == []
        assert all(abs(row.bias) < 0.01 for row in found)

    def test_the_logged_mean_is_not_the_truth(self) -> None:
        world = offpolicy.make_world(seed=1)
        assert float(world.context @ (world.logging * world.pays).sum(axis=1)) < 0.9 * world.truth
