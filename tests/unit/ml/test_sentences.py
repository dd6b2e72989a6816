"""Vectors of texts from those of their pieces."""

import numpy as np

from apps.recommend.ml.sentences import Pooling, pool

PIECES = np.array([[[3.0, 0.0], [0.0, 4.0], [9.0, 9.0]], [[0.0, 2.0], [7.0, 7.0], [7.0, 7.0]]], dtype=np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0]])


class TestPool:
    def test_the_mean_of_the_pieces_at_length_one(self) -> None:
        made = pool(PIECES, MASK)
        assert made.dtype == np.float32
        assert np.allclose(made, [[0.6, 0.8], [0.0, 1.0]])

    def test_the_first_piece(self) -> None:
        assert pool(PIECES, MASK, Pooling.FIRST).tolist() == [[1.0, 0.0], [0.0, 1.0]]

    def test_a_text_without_pieces_is_zeros(self) -> None:
        nothing = np.zeros_like(MASK)
        assert pool(PIECES, nothing).tolist() == pool(PIECES, nothing, Pooling.FIRST).tolist() == [[0.0, 0.0]] * 2

    def test_no_texts(self) -> None:
        assert pool(np.empty((0, 3, 2)), np.empty((0, 3), dtype=np.int64)).shape == (0, 2)

    def test_no_room_for_pieces(self) -> None:
        assert pool(np.empty((1, 0, 2)), np.empty((1, 0), dtype=np.int64), Pooling.FIRST).tolist() == [[0.0, 0.0]]
