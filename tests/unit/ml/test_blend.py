"""The blend on lists small enough to add up by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from apps.recommend.ml.blend import BlendParams, Weighted, blend_lists, score_history


@dataclass(frozen=True)
class Arrays:
    """Four items. Behaviour: 0 -> 1 (1.0), 0 -> 2 (0.5), 3 -> 2 (1.0). Content: 0 ~ 3 (0.8)."""

    covis_indptr: np.ndarray
    covis_indices: np.ndarray
    covis_weights: np.ndarray
    content_indptr: np.ndarray
    content_indices: np.ndarray
    content_weights: np.ndarray
    popularity: np.ndarray


@pytest.fixture
def arrays() -> Arrays:
    return Arrays(
        covis_indptr=np.array([0, 2, 2, 2, 3], dtype=np.int32),
        covis_indices=np.array([1, 2, 2], dtype=np.int32),
        covis_weights=np.array([1.0, 0.5, 1.0], dtype=np.float32),
        content_indptr=np.array([0, 1, 1, 1, 2], dtype=np.int32),
        content_indices=np.array([3, 0], dtype=np.int32),
        content_weights=np.array([0.8, 0.8], dtype=np.float32),
        popularity=np.array([0.0, 0.0, 1.0, 0.5], dtype=np.float32),
    )


PARAMS = BlendParams(covisitation=1.0, content=0.5, popularity=0.1, history_decay=0.5, max_history=3)


def rows(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class TestScoreHistory:
    def test_one_item_of_history(self, arrays: Arrays) -> None:
        scored = score_history(arrays, rows(0), PARAMS)
        assert scored.rows.tolist() == [1, 2, 3]
        assert scored.scores.tolist() == pytest.approx([1.0, 0.6, 0.45])

    def test_the_newest_item_counts_most_and_says_why(self, arrays: Arrays) -> None:
        scored = score_history(arrays, rows(0, 3), PARAMS)
        found = dict(zip(scored.rows.tolist(), scored.because_row.tolist(), strict=True))
        assert scored.scores[scored.rows == 2] == pytest.approx([0.5 * 0.5 + 1.0 + 0.1])
        assert (found[2], found[1], found[3], found[0]) == (3, 0, 0, 3)

    def test_a_repeated_item_counts_once_at_its_newest_place(self, arrays: Arrays) -> None:
        repeated, once = score_history(arrays, rows(0, 3, 0), PARAMS), score_history(arrays, rows(3, 0), PARAMS)
        assert repeated.scores.tolist() == once.scores.tolist()

    def test_equal_weights_are_no_weights(self, arrays: Arrays) -> None:
        plain = score_history(arrays, rows(0, 3), PARAMS)
        weighted = score_history(arrays, Weighted(rows(0, 3), np.array([4.0, 4.0], dtype=np.float32)), PARAMS)
        assert weighted.rows.tolist() == plain.rows.tolist()
        assert weighted.scores.tolist() == plain.scores.tolist()

    def test_weights_count_against_the_greatest(self, arrays: Arrays) -> None:
        scored = score_history(arrays, Weighted(rows(0, 3), np.array([3.0, 1.0], dtype=np.float32)), PARAMS)
        assert scored.scores[scored.rows == 2] == pytest.approx([0.5 * 0.5 + 1.0 / 3.0 + 0.1])

    def test_an_item_has_the_greatest_weight_of_its_places(self, arrays: Arrays) -> None:
        twice = Weighted(rows(3, 0, 3), np.array([3.0, 1.0, 1.0], dtype=np.float32))
        once = Weighted(rows(0, 3), np.array([1.0, 3.0], dtype=np.float32))
        assert (
            score_history(arrays, twice, PARAMS).scores.tolist() == score_history(arrays, once, PARAMS).scores.tolist()
        )

    def test_a_history_of_no_weight_leads_nowhere(self, arrays: Arrays) -> None:
        assert len(score_history(arrays, Weighted(rows(0), np.zeros(1, dtype=np.float32)), PARAMS).rows) == 0

    def test_only_the_newest_items_count(self, arrays: Arrays) -> None:
        short = replace(PARAMS, max_history=1)
        assert score_history(arrays, rows(3, 0), short).rows.tolist() == [1, 2, 3]

    def test_the_limit_keeps_the_best(self, arrays: Arrays) -> None:
        assert score_history(arrays, rows(0), PARAMS, limit=2).rows.tolist() == [1, 2]

    def test_content_alone(self, arrays: Arrays) -> None:
        assert score_history(arrays, rows(0), PARAMS, covisitation=0.0, content=1.0).rows.tolist() == [3]

    def test_behaviour_alone(self, arrays: Arrays) -> None:
        assert score_history(arrays, rows(0), PARAMS, content=0.0).rows.tolist() == [1, 2]

    @pytest.mark.parametrize(
        "history", [(), (-1,), (4, 99), (1,)], ids=["empty", "negative", "beyond", "no-neighbours"]
    )
    def test_nothing_known_gives_nothing(self, arrays: Arrays, history: tuple[int, ...]) -> None:
        scored = score_history(arrays, rows(*history), PARAMS)
        assert [len(part) for part in scored] == [0, 0, 0]

    def test_no_source_gives_nothing(self, arrays: Arrays) -> None:
        assert len(score_history(arrays, rows(0), PARAMS, covisitation=0.0, content=0.0).rows) == 0

    def test_types(self, arrays: Arrays) -> None:
        scored = score_history(arrays, rows(0, 3), PARAMS)
        assert [part.dtype for part in scored] == [np.int32, np.float32, np.int32]


class TestBlendLists:
    @pytest.mark.parametrize("history", [(0,), (3,), (0, 3), (3, 0, 1)])
    def test_answers_as_both_lists_do(self, arrays: Arrays, history: tuple[int, ...]) -> None:
        apart = score_history(arrays, rows(*history), PARAMS)
        together = score_history(arrays, rows(*history), PARAMS, together=blend_lists(arrays, PARAMS))
        assert together.rows.tolist() == apart.rows.tolist()
        assert together.scores.tolist() == pytest.approx(apart.scores.tolist())
        assert together.because_row.tolist() == apart.because_row.tolist()

    def test_gives_way_to_other_weights(self, arrays: Arrays) -> None:
        together = blend_lists(arrays, PARAMS)
        found = score_history(arrays, rows(0), PARAMS, covisitation=0.0, content=1.0, together=together)
        assert found.rows.tolist() == [3]
