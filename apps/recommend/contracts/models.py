"""What next: model versions and recipes, plain data that crosses the face of recommend."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec


class ModelInfo(msgspec.Struct, frozen=True):
    """A model version: `stamp` is its name in answers; `metrics` holds the hold-out figures, of popularity as well."""

    stamp: str
    site_id: str
    state: str
    created_at: datetime
    metrics: dict[str, float]
    note: str


class ModelDetail(ModelInfo, frozen=True):
    """A model version with all that was recorded of it: what it learned from, with which program, and what it did.

    timings: seconds by step; live, shadow: what it did in service or in the shadow, as `manage.py models show` prints
    """

    recipe: str
    parameters: dict[str, Any]
    counts: dict[str, Any]
    code_version: str
    data_from: datetime | None
    data_until: datetime | None
    event_count: int
    shopper_count: int
    item_count: int
    seconds: float
    timings: dict[str, float]
    peak_mb: float
    shadowed_at: datetime | None
    promoted_at: datetime | None
    rolled_back_at: datetime | None
    report: str
    live: dict[str, float] = {}
    shadow: dict[str, float] = {}


class ModelFigure(msgspec.Struct, frozen=True):
    """A figure for monitoring, as `specrec_model_NAME` with its labels."""

    name: str
    description: str
    labels: dict[str, str]
    value: float


class ModelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions side by side, figures of `stamp` first.

    cases: how many shoppers did something since both were trained; measured: on these, None where they are too few
    gain: how much more NDCG@10 `stamp` has on them: low end, mean and high end of the 95 % interval
    """

    site_id: str
    stamp: str
    other: str
    cases: int
    recorded: tuple[dict[str, float], dict[str, float]]
    measured: tuple[dict[str, float], dict[str, float]] | None = None
    gain: tuple[float, float, float] | None = None


class RecipeInfo(msgspec.Struct, frozen=True):
    """What a model can be trained with. `own`: from the operator's folder; `fault`: why it cannot be read."""

    recipe: str
    description: str
    algorithms: tuple[str, ...]
    own: bool
    fault: str = ""


class Searched(msgspec.Struct, frozen=True):
    """A parameter that a search may choose: `name` such as "covisitation.window", `usual` what the recipe says of it.

    Where both ends are whole numbers, only such are chosen.
    """

    name: str
    low: int | float
    high: int | float
    usual: int | float


class Accepted(msgspec.Struct, frozen=True):
    """Work that goes on in the background."""

    status: Literal["queued"] = "queued"


class TrainingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to train. `recipe`: name or label of the recipe; None: the one of the site's schedule."""

    recipe: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
