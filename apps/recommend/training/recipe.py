"""A recipe: everything that decides what a model becomes, besides the data. Frozen, named, stored with the model.

It is written as TOML and checked when it is read. Change a value and raise the version, so that two models with one
recipe name are comparable.
"""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec

from apps.recommend import conf
from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.tokens import ContentParams
from apps.recommend.training.checking import bad, check_algorithms, check_names, refuse_unknown, told
from apps.recommend.training.parameters import ENGINE_SECTIONS, USUAL

Count = Annotated[int, msgspec.Meta(ge=0)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3_650)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,50}\Z")]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Dataset:
    """window_days: how far back events are learned from
    event_weights: how much one event of a type says about what belongs together; absent ones are not learned from
    weighs_history: histories are asked with by these weights as well, as they are where a site has its own
    """

    window_days: Days = 365
    event_weights: dict[str, Weight] = field(default_factory=lambda: dict(conf.EVENT_WEIGHTS))
    weighs_history: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """hold_out_share: newest share of the events that is asked for; min_cases: fewer say nothing
    metrics: what a search may optimise and a report leads with, the first being the one that decides
    """

    hold_out_share: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.1
    min_cases: Annotated[int, msgspec.Meta(ge=1)] = 50
    max_cases: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 4_000
    metrics: tuple[str, ...] = ("ndcg@10", "recall@10")


@dataclass(frozen=True, slots=True)
class Needs:
    """With how much data a model of this recipe is worth its name: what falls short is said, not refused."""

    events: Count = 1_000
    shoppers: Count = 200
    items_with_text: Count = 20
    days: Count = 7


@dataclass(frozen=True, slots=True)
class Recipe:
    """algorithms: by name the parameters that differ from the usual ones
    search: by algorithm and parameter between which two values a search may choose
    seeds: everything drawn by chance is drawn with the first; a benchmark repeats with each
    """

    name: Name
    version: Annotated[int, msgspec.Meta(ge=1)]
    description: str = ""
    dataset: Dataset = field(default_factory=Dataset)
    algorithms: dict[str, dict[str, Any]] = field(default_factory=dict)
    evaluation: Evaluation = field(default_factory=Evaluation)
    needs: Needs = field(default_factory=Needs)
    search: dict[str, dict[str, tuple[int | float, int | float]]] = field(default_factory=dict)
    seeds: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)] = (20_261_122,)

    @property
    def label(self) -> str:
        """Return name and version as one word."""
        return f"{self.name}-{self.version}"

    @property
    def seed(self) -> int:
        """Return what a training draws with."""
        return self.seeds[0]

    @property
    def window_days(self) -> int:
        """Return how far back events are learned from."""
        return self.dataset.window_days

    @property
    def event_weights(self) -> dict[str, float]:
        """Return how much an event of a type says."""
        return self.dataset.event_weights

    @property
    def weighs_history(self) -> bool:
        """Return whether histories are asked with by these weights as well."""
        return self.dataset.weighs_history

    @property
    def hold_out_share(self) -> float:
        """Return the newest share of the events that is asked for."""
        return self.evaluation.hold_out_share

    @property
    def min_cases(self) -> int:
        """Return how many cases an evaluation needs."""
        return self.evaluation.min_cases

    @property
    def max_cases(self) -> int:
        """Return how many cases an evaluation asks at most."""
        return self.evaluation.max_cases

    @property
    def covisitation(self) -> CovisitationParams:
        """Return how pairs are counted and weighed."""
        return self.params("covisitation", CovisitationParams)

    @property
    def content(self) -> ContentParams:
        """Return how items are described."""
        return self.params("content", ContentParams)

    @property
    def engine(self) -> EngineParams:
        """Return what the engine is told."""
        return EngineParams(**{name: self.params(name, type(USUAL[name])) for name in ENGINE_SECTIONS})

    def params(self, algorithm: str, kind: type[_T]) -> _T:
        """Return the parameters of an algorithm, the usual ones where the recipe says nothing of it."""
        usual = msgspec.to_builtins(USUAL[algorithm])
        return msgspec.convert(usual | self.algorithms.get(algorithm, {}), type=kind)

    def with_params(self, algorithm: str, **changes: Any) -> "Recipe":
        """Return the recipe with other values of an algorithm's parameters; raises Invalid."""
        section = self.algorithms.get(algorithm, {}) | changes
        changed = dataclasses.replace(self, algorithms=self.algorithms | {algorithm: section})
        _check(changed, source=self.label)
        return changed

    def parameters(self) -> dict[str, Any]:
        """Return every value as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def parse_recipe(text: str, *, source: str) -> Recipe:
    """Return the recipe that the TOML says; raises Invalid, code bad_recipe, with `source` and the field."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise bad(source, None, f"it is not TOML: {error}") from error
    refuse_unknown(document, Recipe, source, ())
    try:
        recipe = msgspec.convert(document, type=Recipe)
    except msgspec.ValidationError as error:
        reason, field_name = told(error)
        raise bad(source, field_name, reason) from error
    _check(recipe, source=source)
    return recipe


def _check(recipe: Recipe, *, source: str) -> None:
    check_names(set(recipe.dataset.event_weights), set(recipe.evaluation.metrics), source=source)
    check_algorithms(recipe.algorithms, recipe.search, source=source)
