"""Ratings as folds: what is read, what is learned from, and how several right answers a user are counted."""

from pathlib import Path

import numpy as np
import pytest

from bench.offline.taste_folds import Part, Ratings, ask, measure_taste, part_of, read_ratings
from specrec.kernel.errors import Invalid

HEADER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"


def ratings() -> Ratings:
    """Two users and four items; the first chose rows 0, 1 and 2, the second 0 and 3."""
    user, item = np.array([0, 0, 0, 1, 1], dtype=np.int32), np.array([0, 1, 2, 0, 3], dtype=np.int32)
    return Ratings(user, item, np.array([3.0, 1.0, 2.0, 1.0, 2.0]), 2, 4)


class TestReadRatings:
    def test_users_and_items_become_rows(self, tmp_path: Path) -> None:
        (tmp_path / "x.inter").write_text(HEADER + "u2\ti1\t5\t10\nu1\ti2\t1\t20\n")
        found = read_ratings(tmp_path)
        assert (found.user.tolist(), found.item.tolist(), found.time.tolist()) == ([1, 0], [0, 1], [10.0, 20.0])

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "x.inter").write_text("user_id:token\titem_id:token\nu\ti\n")
        with pytest.raises(Invalid, match="timestamp"):
            read_ratings(tmp_path)


class TestPartOf:
    def test_sequences_are_in_the_order_of_time(self) -> None:
        part = part_of(ratings(), np.array([0, 1, 2]))
        assert part.sequences.item.tolist() == [1, 2, 0]
        assert part.matrix.toarray().tolist() == [[1, 1, 1, 0], [0, 0, 0, 0]]


class TestAsk:
    def test_what_was_learned_is_not_ranked(self) -> None:
        part = part_of(ratings(), np.array([0, 3]))
        scores = np.array([[9.0, 3.0, 1.0, 2.0], [9.0, 3.0, 2.0, 1.0]], dtype=np.float32)
        found = ask(scores, part, ratings(), np.array([1, 2, 4]))
        first = (1 / np.log2(2) + 1 / np.log2(4)) / (1 / np.log2(2) + 1 / np.log2(3))
        assert found["ndcg@10"] == pytest.approx((first + 1 / np.log2(4)) / 2, abs=1e-5)
        assert found["recall@10"] == 1.0


class TestMeasureTaste:
    def test_settings_are_chosen_by_what_they_find(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(3)
        lines = [f"u{user}\ti{item}\t1\t{item}" for user in range(40) for item in rng.choice(30, 12, replace=False)]
        lines += [f"u{user}\tbest\t1\t99" for user in range(40)]
        (tmp_path / "x.inter").write_text(HEADER + "\n".join(lines) + "\n")

        def popular(part: Part, _seed: int) -> np.ndarray:
            return np.repeat(np.asarray(part.matrix.sum(axis=0), dtype=np.float32), part.matrix.shape[0], axis=0)

        def unpopular(part: Part, seed: int) -> np.ndarray:
            return -popular(part, seed)

        work = {"folder": str(tmp_path), "folds": 3, "seed": 1}
        found = measure_taste({"unpopular": unpopular, "popular": popular}, work)
        assert [fold["settings"] for fold in found["folds"]] == ["popular"] * 3
        assert found["ndcg@10"] == pytest.approx(np.mean([fold["ndcg@10"] for fold in found["folds"]]), abs=1e-5)
