"""Items as tokens and as vectors; later items are described as those of the fit were."""

from typing import Any

import numpy as np
import pytest

from apps.recommend.ml.projection import Projection, embed, fit_components, project
from apps.recommend.ml.tokens import ContentParams, Described, fit_tokens, to_tokens

EVERY = ContentParams(max_share=1.0)


def described(*attributes: dict[str, Any], text: str = "") -> Described:
    count = len(attributes)
    return Described(["frame"] * count, [""] * count, [text] * count, attributes)


def marked(count: int) -> Described:
    """Items with three of twelve marks each."""
    rng = np.random.default_rng(3)
    return described(*({"mark": [str(mark) for mark in rng.choice(12, 3, replace=False)]} for _ in range(count)))


class TestFitTokens:
    def test_numbers_that_are_near_share_a_bin(self) -> None:
        items = described(*({"width": float(width)} for width in range(40)))
        tokens = fit_tokens(items, ContentParams(number_bins=4))[1].toarray()
        assert (tokens[0] @ tokens[9], tokens[0] @ tokens[30]) == (pytest.approx(1.0), 0.0)

    def test_the_vocabulary_holds_what_tells_something(self) -> None:
        items = described({"a": "x"}, {"a": "x"}, {"a": "once"}, {}, {}, {}, {})
        vocabulary, tokens = fit_tokens(items, ContentParams())
        assert vocabulary.tokens == ["a=x"]  # the type is that of all, the other value that of one
        assert vocabulary.rarity.tolist() == pytest.approx([np.log(8 / 3)])
        assert tokens.toarray().tolist() == [[1.0], [1.0], [0.0], [0.0], [0.0], [0.0], [0.0]]


class TestToTokens:
    def test_the_same_items_get_the_same_rows(self) -> None:
        rng = np.random.default_rng(4)
        items = described(*({"width": float(rng.uniform(40, 60)), "a": str(rng.integers(5))} for _ in range(50)))
        vocabulary, tokens = fit_tokens(items, EVERY)
        assert np.array_equal(to_tokens(items, vocabulary, EVERY).toarray(), tokens.toarray())

    def test_what_was_never_seen_says_nothing(self) -> None:
        vocabulary, _ = fit_tokens(described({"a": "x"}, {"a": "x"}, {"a": "y"}, {"a": "y"}), EVERY)
        rows = to_tokens(described({"a": "y", "b": "new", "n": 3.5}, {"a": "z"}), vocabulary, ContentParams())
        assert rows.toarray().tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


class TestProject:
    def test_cosines_are_kept(self) -> None:
        tokens = fit_tokens(marked(40), EVERY)[1]
        vectors = project(tokens, fit_components(tokens, 64, seed=1))
        assert vectors.shape == (40, 64)
        assert vectors.dtype == np.float32
        assert np.allclose(vectors @ vectors.T, (tokens @ tokens.T).toarray(), atol=1e-5)

    def test_an_item_without_tokens_has_no_direction(self) -> None:
        tokens = fit_tokens(described({"a": "x"}, {"a": "x"}, {}), EVERY)[1]
        assert not project(tokens, fit_components(tokens, 8, seed=1))[2].any()

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_a_catalogue_that_says_nothing(self, count: int) -> None:
        tokens = fit_tokens(described(*[{}] * count), ContentParams())[1]
        assert project(tokens, fit_components(tokens, 8, seed=1)).tolist() == [[0.0] * 8] * count


class TestEmbed:
    def test_a_later_item_lies_where_its_twin_does(self) -> None:
        items = marked(40)
        vocabulary, tokens = fit_tokens(items, EVERY)
        components = fit_components(tokens, 8, seed=1)
        twin = Described(["frame"], [""], [""], [items.attributes[7]])
        later = embed(twin, Projection(vocabulary, components, EVERY))
        assert np.allclose(later[0], project(tokens, components)[7], atol=1e-6)
