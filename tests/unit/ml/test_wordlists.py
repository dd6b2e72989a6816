"""Words to items."""

import numpy as np
from scipy import sparse

from apps.recommend.ml.wordlists import find_by_words, fit_words

NAMES = ["shape=cat-eye", "brand:harlow & finch", "text:titanium", "a_mm~3", "rx_able=true", "text:round"]
TOKENS = sparse.csr_array(
    np.array(
        [
            [1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
            [0.0, 1.0, 0.5, 1.0, 1.0, 0.0],
            [0.0, 0.0, 0.9, 0.0, 0.0, 1.0],
        ]
    )
)
WORDS, LISTS = fit_words(TOKENS, NAMES)


def rows(text: str) -> list[int]:
    """Return what the text finds, best first."""
    found, scores = find_by_words(WORDS, LISTS, text)
    return [int(row) for row in found[np.argsort(-scores, kind="stable")]]


class TestFitWords:
    def test_takes_words_of_values_and_no_bins_or_flags(self) -> None:
        assert WORDS == ["cat", "eye", "finch", "harlow", "round", "titanium"]

    def test_lists_the_best_first(self) -> None:
        at = WORDS.index("titanium")
        begin = int(LISTS.start[at])
        assert LISTS.indices[begin : begin + int(LISTS.length[at])].tolist() == [2, 1]

    def test_of_nothing_is_nothing(self) -> None:
        words, lists = fit_words(sparse.csr_array((3, 0)), [])
        assert (words, len(lists.start)) == ([], 0)


class TestFindByWords:
    def test_all_words_come_before_some(self) -> None:
        assert rows("titanium Harlow") == [1, 2]

    def test_knows_a_stem_and_a_beginning(self) -> None:
        assert rows("rounds") == rows("titan")[:1] == [2]

    def test_a_word_that_is_like_counts_less(self) -> None:
        exact, inexact = (find_by_words(WORDS, LISTS, text)[1].max() for text in ("round", "rounds"))
        assert inexact < exact

    def test_unknown_words_find_nothing(self) -> None:
        assert rows("zebra") == rows("") == []
