"""Exploration: what is logged is the law that was drawn from."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from apps.recommend.ml.bandit import Arms, Drawn, best_chances, draw_epsilon, draw_thompson, learn

DRAWS = 6_000


def arms(*pairs: tuple[float, float]) -> Arms:
    return Arms(np.array([won for won, _ in pairs], dtype=float), np.array([lost for _, lost in pairs], dtype=float))


class TestDrawEpsilon:
    SCORES = np.array([0.1, 0.9, 0.5])

    def test_without_chance_the_order_of_scores(self) -> None:
        drawn = draw_epsilon(self.SCORES, 3, epsilon=0.0, rng=np.random.default_rng(1))
        assert (drawn.places.tolist(), drawn.propensities.tolist()) == ([1, 2, 0], [1.0, 1.0, 1.0])

    def test_propensities_by_hand(self) -> None:
        rng = np.random.default_rng(1)
        seen = {tuple(drawn.places.tolist()): drawn for drawn in (self._draw(rng) for _ in range(500))}
        assert seen[1, 2].propensities.tolist() == pytest.approx([0.7 + 0.1, 0.7 + 0.15])
        assert seen[0, 2].propensities.tolist() == pytest.approx([0.1, 0.15])

    def test_slates_come_as_often_as_their_propensities_say(self) -> None:
        rng = np.random.default_rng(2)
        drawn = [self._draw(rng) for _ in range(DRAWS)]
        counts = Counter(tuple(one.places.tolist()) for one in drawn)
        said = {tuple(one.places.tolist()): float(one.propensities.prod()) for one in drawn}
        assert sum(said.values()) == pytest.approx(1.0)
        assert {slate: counts[slate] / DRAWS for slate in said} == pytest.approx(said, abs=0.025)

    def test_no_candidates(self) -> None:
        assert draw_epsilon(np.empty(0), 3, epsilon=0.5, rng=np.random.default_rng(1)).places.tolist() == []

    def _draw(self, rng: np.random.Generator) -> Drawn:
        return draw_epsilon(self.SCORES, 2, epsilon=0.3, rng=rng)


class TestBestChances:
    def test_equal_arms_have_equal_chances(self) -> None:
        assert best_chances(arms((3, 9), (3, 9), (3, 9), (3, 9))).tolist() == pytest.approx([0.25] * 4)

    def test_two_arms_by_the_closed_form(self) -> None:
        # P(Beta(2, 1) > uniform) is the mean of the former: 2 / 3.
        assert best_chances(arms((1, 0), (0, 0))).tolist() == pytest.approx([2 / 3, 1 / 3], abs=2e-4)

    def test_what_sampling_gives(self) -> None:
        told = arms((5, 20), (50, 180), (1, 1), (0, 40))
        sampled = np.random.default_rng(3).beta(told.successes + 1, told.failures + 1, size=(200_000, 4)).argmax(axis=1)
        assert best_chances(told).tolist() == pytest.approx(
            (np.bincount(sampled, minlength=4) / 200_000).tolist(), abs=0.004
        )

    def test_much_evidence_is_no_trouble(self) -> None:
        chances = best_chances(arms((3e6, 1e8), (2e6, 1e8), (1, 1e7)))
        assert chances.tolist() == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)

    def test_one_arm_and_none(self) -> None:
        assert (best_chances(arms((1, 2))).tolist(), best_chances(arms()).tolist()) == ([1.0], [])


class TestDrawThompson:
    TOLD = arms((5, 20), (8, 20), (1, 3))

    def test_slates_come_as_often_as_their_propensities_say(self) -> None:
        rng = np.random.default_rng(4)
        counts: Counter[tuple[int, ...]] = Counter()
        said: dict[tuple[int, ...], float] = {}
        for _ in range(600):
            drawn = draw_thompson(self.TOLD, 2, rng=rng)
            slate = tuple(drawn.places.tolist())
            counts[slate] += 1
            said[slate] = float(drawn.propensities.prod())
        assert said.keys() == set(permutations(range(3), 2))
        assert sum(said.values()) == pytest.approx(1.0)
        assert {slate: counts[slate] / 600 for slate in said} == pytest.approx(said, abs=0.07)

    def test_the_second_place_is_the_best_of_the_rest(self) -> None:
        drawn = draw_thompson(self.TOLD, 2, rng=np.random.default_rng(7))
        rest = np.delete(np.arange(3), drawn.places[0])
        chances = best_chances(Arms(self.TOLD.successes[rest], self.TOLD.failures[rest]))
        assert drawn.propensities[0] == pytest.approx(best_chances(self.TOLD)[drawn.places[0]])
        assert drawn.propensities[1] == pytest.approx(chances[rest == drawn.places[1]][0], abs=1e-3)

    def test_the_floor_bounds_propensities_from_below(self) -> None:
        rng, told = np.random.default_rng(5), arms((500, 10), (0, 500))
        drawn = [draw_thompson(told, 1, rng=rng, floor=0.2) for _ in range(200)]
        assert {one.places[0]: round(float(one.propensities[0]), 6) for one in drawn} == {0: 0.9, 1: 0.1}

    def test_no_item_twice(self) -> None:
        assert sorted(draw_thompson(self.TOLD, 9, rng=np.random.default_rng(1)).places.tolist()) == [0, 1, 2]


class TestLearn:
    def test_outcomes_are_added(self) -> None:
        made = learn(arms((1, 1), (0, 0)), np.array([0, 1, 1], dtype=np.int32), np.array([True, False, False]))
        assert (made.successes.tolist(), made.failures.tolist()) == ([2.0, 0.0], [1.0, 2.0])

    def test_the_past_fades(self) -> None:
        made = learn(arms((4, 8)), np.array([0], dtype=np.int32), np.array([True]), keep=0.5)
        assert (made.successes.tolist(), made.failures.tolist()) == ([3.0], [4.0])
