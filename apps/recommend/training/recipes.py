"""Recipes: everything that decides what a model becomes, besides the data. Frozen, named, stored with the model.

Change a value and raise the version, so that two models with one recipe name are comparable.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend import conf
from apps.recommend.ml.blend import BlendParams
from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import CovisitationParams, fit_covisitation
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.popularity import fit_popularity
from apps.recommend.ml.projection import Projection, fit_components, project
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import ContentParams, Described, Vocabulary, fit_tokens


@dataclass(frozen=True, slots=True)
class Recipe:
    """window_days: how far back events are learned from
    event_weights: how much one event of a type says about what belongs together; absent ones are not learned from
    weighs_history: histories are asked with by these weights as well, as they are where a site has its own
    half_life_days: popularity halves at this age
    hold_out_share: newest share of the events that the evaluation is made on; min_cases: fewer say nothing
    """

    name: str = "blend"
    version: int = 1
    window_days: int = 365
    event_weights: dict[str, float] = field(default_factory=lambda: dict(conf.EVENT_WEIGHTS))
    weighs_history: bool = False
    half_life_days: float = 30.0
    covisitation: CovisitationParams = field(default_factory=CovisitationParams)
    content: ContentParams = field(default_factory=ContentParams)
    blend: BlendParams = field(default_factory=BlendParams)
    hold_out_share: float = 0.1
    min_cases: int = 50
    max_cases: int = 4_000
    seed: int = 20_261_122

    @property
    def label(self) -> str:
        """Return name and version as one word."""
        return f"{self.name}-{self.version}"

    def parameters(self) -> dict[str, Any]:
        """Return every value as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


DEFAULT_RECIPE = Recipe()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What was learned from events."""

    covis: Neighbours
    popularity: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Content:
    """What was learned from the catalogue."""

    vocabulary: Vocabulary
    tokens: sparse.csr_array
    neighbours: Neighbours


@dataclass(frozen=True, slots=True)
class BlendModel:
    """The arrays that the blend reads, as fitted."""

    covis_indptr: NDArray[np.int32]
    covis_indices: NDArray[np.int32]
    covis_weights: NDArray[np.float32]
    content_indptr: NDArray[np.int32]
    content_indices: NDArray[np.int32]
    content_weights: NDArray[np.float32]
    popularity: NDArray[np.float32]


def fit_from_events(recipe: Recipe, sequences: Sequences, all_events: Sequences, n_items: int) -> Behaviour:
    """Return co-visitation from the sequences, and popularity from all events, those of nobody included."""
    popularity = fit_popularity(
        all_events.item, all_events.weight, all_events.time, n_items, half_life_days=recipe.half_life_days
    )
    return Behaviour(covis=fit_covisitation(sequences, n_items, recipe.covisitation), popularity=popularity)


def fit_from_catalogue(recipe: Recipe, items: Described) -> Content:
    """Return token vectors and neighbours by content."""
    vocabulary, tokens = fit_tokens(items, recipe.content)
    return Content(vocabulary=vocabulary, tokens=tokens, neighbours=fit_content(tokens, recipe.content))


def fit_vectors(recipe: Recipe, content: Content, size: int) -> tuple[Projection, NDArray[np.float32]]:
    """Return the content vectors for nearest-neighbour search, and what makes them of items."""
    components = fit_components(content.tokens, size, seed=recipe.seed)
    return Projection(content.vocabulary, components, recipe.content), project(content.tokens, components)


def combine(behaviour: Behaviour, content: Content) -> BlendModel:
    """Return the parts as the blend reads them."""
    return BlendModel(*behaviour.covis, *content.neighbours, behaviour.popularity)
