"""Items as weighted tokens: attributes, brand and words, the rare ones counting more."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class ContentParams:
    """text_weight: how much a word of the name or description counts beside an attribute
    max_share: a token that more than this share of the items have says nothing
    number_bins: numeric attributes become this many bins of equal frequency
    sentence_share: how much vectors of the texts count beside the tokens, 0 to 1; above 0 a sentence model is needed
    """

    text_weight: float = 0.3
    max_share: float = 0.3
    number_bins: int = 8
    sentence_share: float = 0.0
    top_k: int = 50


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of the items, by row."""

    item_types: Sequence[str]
    brands: Sequence[str]
    texts: Sequence[str]
    attributes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What items are described by, as fitted on a catalogue, so that later items can be described alike.

    tokens: column -> token, telling ones only; rarity: float32 [tokens], what one of them counts
    edges: inner edges of the bins, for each numeric attribute that has any
    """

    tokens: list[str]
    rarity: NDArray[np.float32]
    edges: dict[str, NDArray[np.float64]]


def fit_tokens(items: Described, params: ContentParams) -> tuple[Vocabulary, sparse.csr_array]:
    """Return the vocabulary and TF-IDF rows of unit length (items x tokens); an item without a telling token is empty.

    A token that one item has, or too many, is not telling.
    """
    edges = _number_edges(items.attributes, params.number_bins)
    column_of: dict[str, int] = {}
    counts = _count(_tokens(items, edges, params.text_weight), column_of, growing=True)
    n_items = counts.shape[0]
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    telling = np.flatnonzero((having > 1) & (having <= max(params.max_share * n_items, 2.0)))
    rarity = np.log((n_items + 1) / (having[telling] + 1)).astype(np.float32)
    names = list(column_of)
    vocabulary = Vocabulary(tokens=[names[column] for column in telling.tolist()], rarity=rarity, edges=edges)
    return vocabulary, _unit_rows(sparse.csr_array(counts[:, telling]), rarity)


def to_tokens(items: Described, vocabulary: Vocabulary, params: ContentParams) -> sparse.csr_array:
    """Return the rows that `fit_tokens` gives such items; what the vocabulary does not hold says nothing."""
    column_of = {token: column for column, token in enumerate(vocabulary.tokens)}
    counts = _count(_tokens(items, vocabulary.edges, params.text_weight), column_of, growing=False)
    return _unit_rows(counts, vocabulary.rarity)


def _count(described: Iterable[Mapping[str, float]], column_of: dict[str, int], *, growing: bool) -> sparse.csr_array:
    """Return the weights of the tokens by item and column; unknown tokens get a column only where it may grow."""
    ends: list[int] = [0]
    columns: list[int] = []
    values: list[float] = []
    for tokens in described:
        for token, value in tokens.items():
            column = column_of.setdefault(token, len(column_of)) if growing else column_of.get(token, -1)
            if column >= 0:
                columns.append(column)
                values.append(value)
        ends.append(len(columns))
    parts = (np.array(values, dtype=np.float64), np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int32))
    return sparse.csr_array(parts, shape=(len(ends) - 1, len(column_of)))


def _unit_rows(counts: sparse.csr_array, rarity: NDArray[np.float32]) -> sparse.csr_array:
    weighted = sparse.csr_array(counts, copy=True)
    weighted.data *= rarity[weighted.indices]
    weighted.eliminate_zeros()
    row_of = np.repeat(np.arange(weighted.shape[0]), np.diff(weighted.indptr))
    weighted.data /= np.sqrt(np.bincount(row_of, weights=weighted.data**2, minlength=weighted.shape[0]))[row_of]
    return weighted


def _tokens(
    items: Described, edges: Mapping[str, NDArray[np.float64]], text_weight: float
) -> Iterable[dict[str, float]]:
    rows = zip(items.item_types, items.brands, items.texts, items.attributes, strict=True)
    for item_type, brand, text, attributes in rows:
        tokens = {f"text:{word}": text_weight for word in _WORD.findall(text.lower())} if text_weight > 0 else {}
        tokens[f"type:{item_type}"] = 1.0
        if brand:
            tokens[f"brand:{brand.lower()}"] = 1.0
        for name, value in attributes.items():
            tokens.update(dict.fromkeys(_attribute_tokens(name, value, edges), 1.0))
        yield tokens


def _attribute_tokens(name: str, value: Any, edges: Mapping[str, NDArray[np.float64]]) -> Iterable[str]:
    if value is None or value is False:
        return
    if isinstance(value, bool | str):
        yield f"{name}={str(value).lower()}"
    elif isinstance(value, int | float):
        yield f"{name}~{int(np.searchsorted(edges[name], value))}" if name in edges else f"{name}={value}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _attribute_tokens(f"{name}.{key}", inner, edges)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _attribute_tokens(name, inner, edges)


def _number_edges(attributes: Sequence[Mapping[str, Any]], bins: int) -> dict[str, NDArray[np.float64]]:
    """Return the inner edges of equally filled bins for each numeric attribute that has more values than bins."""
    numbers: dict[str, list[float]] = {}
    for row in attributes:
        for name, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                numbers.setdefault(name, []).append(float(value))
    shares = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return {name: np.unique(np.quantile(found, shares)) for name, found in numbers.items() if len(set(found)) > bins}
