"""Likeness by content, with and without vectors of the texts."""

import numpy as np
import pytest
from scipy import sparse

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.tokens import ContentParams

TOKENS = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
SENTENCES = np.array([[1.0, 0.0], [-1.0, 0.0], [0.6, 0.8], [1.0, 0.0]], dtype=np.float32)


def of(lists: Neighbours, row: int) -> dict[int, float]:
    inner = slice(int(lists.indptr[row]), int(lists.indptr[row + 1]))
    return dict(zip(lists.indices[inner].tolist(), lists.weights[inner].tolist(), strict=True))


class TestFitContent:
    def test_the_tokens_alone(self) -> None:
        lists = fit_content(TOKENS, ContentParams())
        assert [of(lists, row) for row in range(4)] == [{1: 1.0}, {0: 1.0}, {}, {}]

    def test_both_by_their_shares(self) -> None:
        lists = fit_content(TOKENS, ContentParams(sentence_share=0.25), sentences=SENTENCES)
        assert of(lists, 0) == pytest.approx({1: 0.75, 3: 0.25, 2: 0.15})

    def test_texts_that_say_the_opposite_take_nothing_away(self) -> None:
        lists = fit_content(TOKENS, ContentParams(sentence_share=0.25), sentences=SENTENCES)
        assert of(lists, 1) == pytest.approx({0: 0.75})

    def test_an_item_without_tokens_is_found_by_its_text(self) -> None:
        assert list(of(fit_content(TOKENS, ContentParams(sentence_share=0.5), sentences=SENTENCES), 3)) == [0, 2]

    def test_only_the_nearest(self) -> None:
        lists = fit_content(TOKENS, ContentParams(sentence_share=0.25, top_k=1), sentences=SENTENCES)
        assert [list(of(lists, row)) for row in (0, 1, 3)] == [[1], [0], [0]]
        assert len(of(lists, 2)) == 1

    def test_blocks_change_nothing(self) -> None:
        rng = np.random.default_rng(1)
        tokens = sparse.csr_array(sparse.random_array((40, 12), density=0.3, rng=rng))
        vectors = rng.standard_normal((40, 5)).astype(np.float32)
        whole, cut = (
            fit_content(tokens, ContentParams(sentence_share=0.4, top_k=5), sentences=vectors, block=block)
            for block in (40, 7)
        )
        assert np.array_equal(whole.indices, cut.indices)
        assert np.allclose(whole.weights, cut.weights)

    def test_no_items(self) -> None:
        assert fit_content(sparse.csr_array((0, 3)), ContentParams()).indptr.tolist() == [0]
