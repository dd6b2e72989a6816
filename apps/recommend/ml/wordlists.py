"""Words to items: for each word of names, texts, brands and attributes the items that it describes best."""

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from apps.recommend.ml.tables import Lists, make_lists

_WORD = re.compile(r"[^\W_]{2,}")
_ENDINGS = ("s", "es", "n", "en", "e")
MOST_OF_A_WORD = 300
_COMPLETED = 8  # longer words that a beginning may stand for
_LEAST_BEGINNING = 3
_INEXACT = 0.6  # what a word counts that is only like what was asked


def fit_words(tokens: sparse.csr_array, names: Sequence[str]) -> tuple[list[str], Lists]:
    """Return words, ascending, and by word the items with it, best first; `names` are the columns of the tokens.

    A token such as "text:titanium", "brand:harlow & finch" or "shape=cat-eye" stands for each word in its value; bins
    of numbers stand for none.
    """
    place: dict[str, int] = {}
    token_of: list[int] = []
    word_of: list[int] = []
    for column, name in enumerate(names):
        for word in _words_of_token(name):
            token_of.append(column)
            word_of.append(place.setdefault(word, len(place)))
    ones = np.ones(len(token_of))
    meaning = sparse.coo_array((ones, (word_of, token_of)), shape=(len(place), tokens.shape[1])).tocsr()
    weights = sparse.coo_array(meaning @ sparse.csr_array(tokens.T)) if place else sparse.coo_array((0, 0))
    words = sorted(place)
    rank = np.empty(len(words), dtype=np.int64)
    rank[[place[word] for word in words]] = np.arange(len(words))
    placed, item = weights.coords
    of_word = rank[placed] if len(placed) else np.empty(0, dtype=np.int64)
    order = np.lexsort((item, -weights.data, of_word))
    of_word, item, weight = of_word[order], item[order], weights.data[order]
    counts = np.bincount(of_word, minlength=len(words))
    kept = np.arange(len(of_word)) - np.repeat(np.cumsum(counts) - counts, counts) < MOST_OF_A_WORD
    indptr = np.concatenate(([0], np.cumsum(np.minimum(counts, MOST_OF_A_WORD))))
    return words, make_lists(indptr, item[kept], weight[kept])


def find_by_words(words: Sequence[str], lists: Lists, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (int32) and scores (float32) of what the text describes, in no order.

    score = sum over its words * (share of its words that match) squared, so that what matches all of them comes first.
    A word that is not known stands for its stem, or for longer ones that begin with it.
    """
    asked = list(dict.fromkeys(_WORD.findall(text.lower())))
    rows: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    for word in asked:
        found = [_list_of(lists, at) for at in _places(words, word)]
        if not found:
            continue
        factor = 1.0 if _at(words, word) >= 0 else _INEXACT
        own, back = np.unique(np.concatenate([part for part, _ in found]), return_inverse=True)
        best = np.zeros(len(own))
        np.maximum.at(best, back, np.concatenate([weight for _, weight in found]))
        rows.append(own)
        scores.append(best * factor)
    if not rows:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    every, back = np.unique(np.concatenate(rows), return_inverse=True)
    matched = np.bincount(back, minlength=len(every)) / len(asked)
    total = np.bincount(back, weights=np.concatenate(scores), minlength=len(every))
    return every.astype(np.int32), (total * matched**2).astype(np.float32)


def _words_of_token(name: str) -> list[str]:
    kind, mark, value = name.partition(":")
    if not mark or not kind.isalpha():
        kind, mark, value = name.partition("=")
    if not mark or value in {"true", "false"}:
        return []
    return [] if value.replace(".", "").replace("-", "").isdigit() else list(dict.fromkeys(_WORD.findall(value)))


def _places(words: Sequence[str], word: str) -> list[int]:
    """Return where the word is, or its stem, or else words that begin with it."""
    exact = _at(words, word)
    if exact >= 0:
        return [exact]
    stems = (word.removesuffix(end) for end in _ENDINGS if word.endswith(end) and len(word) - len(end) > 1)
    shorter = [at for at in (_at(words, stem) for stem in stems) if at >= 0]
    if shorter or len(word) < _LEAST_BEGINNING:
        return shorter
    begin = bisect_left(words, word)
    return [at for at in range(begin, min(begin + _COMPLETED, len(words))) if words[at].startswith(word)]


def _at(words: Sequence[str], word: str) -> int:
    at = bisect_left(words, word)
    return at if at < len(words) and words[at] == word else -1


def _list_of(lists: Lists, at: int) -> tuple[np.ndarray, np.ndarray]:
    part = slice(int(lists.start[at]), int(lists.start[at] + lists.length[at]))
    return lists.indices[part], lists.weights[part]
