"""Diverse slates: MMR step by step, and DPP beside the search of all slates."""

from itertools import combinations

import numpy as np

from apps.recommend.ml.diversity import choose_by_dpp, choose_by_mmr

TWINS = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
RELEVANCE = np.array([1.0, 0.9, 0.5])


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class TestChooseByMmr:
    def test_a_double_comes_after_something_else(self) -> None:
        assert choose_by_mmr(RELEVANCE, TWINS, 3, trade_off=0.5).tolist() == [0, 2, 1]

    def test_relevance_alone(self) -> None:
        assert choose_by_mmr(np.array([0.1, 0.9, 0.5]), TWINS, 3, trade_off=1.0).tolist() == [1, 2, 0]

    def test_ties_go_to_the_lower_place(self) -> None:
        assert choose_by_mmr(np.ones(3), np.zeros((3, 2)), 3).tolist() == [0, 1, 2]

    def test_what_is_unlike_the_chosen_is_worth_more(self) -> None:
        vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
        assert choose_by_mmr(np.array([1.0, 0.6, 0.5]), vectors, 2, trade_off=0.5).tolist() == [0, 2]

    def test_not_more_than_there_are(self) -> None:
        assert choose_by_mmr(RELEVANCE, TWINS, 9).tolist() == [0, 2, 1]
        assert choose_by_mmr(np.empty(0), np.empty((0, 2)), 9).tolist() == []


class TestChooseByDpp:
    def test_a_double_comes_last_though_it_is_relevant(self) -> None:
        assert choose_by_dpp(RELEVANCE, TWINS, 3, trade_off=0.9).tolist() == [0, 2, 1]

    def test_relevance_wins_where_it_is_weighed_enough(self) -> None:
        vectors = unit(np.array([[1.0, 0.0], [1.0, 0.4], [0.0, 1.0]]))
        relevance = np.array([1.0, 0.9, 0.1])
        assert choose_by_dpp(relevance, vectors, 2, trade_off=0.5).tolist() == [0, 2]
        assert choose_by_dpp(relevance, vectors, 2, trade_off=0.9).tolist() == [0, 1]

    def test_each_step_has_the_greatest_determinant(self) -> None:
        rng = np.random.default_rng(5)
        vectors, relevance = unit(rng.standard_normal((12, 6))), rng.random(12)
        quality = np.exp(0.7 / 0.6 * relevance)
        kernel = quality[:, None] * (vectors @ vectors.T) * quality[None, :]
        chosen: list[int] = []
        for _ in range(5):
            rest = [place for place in range(12) if place not in chosen]
            chosen.append(
                max(rest, key=lambda place: np.linalg.det(kernel[np.ix_([*chosen, place], [*chosen, place])]))
            )
        assert choose_by_dpp(relevance, vectors, 5, trade_off=0.7).tolist() == chosen

    def test_is_near_the_best_of_all_slates(self) -> None:
        rng = np.random.default_rng(6)
        vectors = unit(rng.standard_normal((10, 4)))
        kernel = vectors @ vectors.T
        best = max(np.linalg.det(kernel[np.ix_(slate, slate)]) for slate in combinations(range(10), 3))
        found = choose_by_dpp(np.ones(10), vectors, 3).tolist()
        assert np.linalg.det(kernel[np.ix_(found, found)]) > 0.5 * best

    def test_a_slate_is_as_long_as_candidates_allow(self) -> None:
        vectors = np.tile([1.0, 0.0], (4, 1))
        assert choose_by_dpp(np.array([0.1, 0.4, 0.3, 0.2]), vectors, 4).tolist() == [1, 2, 3, 0]

    def test_great_relevance_does_not_overflow(self) -> None:
        assert choose_by_dpp(np.array([0.0, 5_000.0, 4_000.0]), np.eye(3), 3, trade_off=0.9).tolist()[0] == 1

    def test_no_candidates(self) -> None:
        assert choose_by_dpp(np.empty(0), np.empty((0, 2)), 3).tolist() == []
