"""Which algorithms a recipe may name, and what each can be told."""

from dataclasses import dataclass

from apps.recommend.ml.blend import BlendParams
from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.tokens import ContentParams


@dataclass(frozen=True, slots=True)
class PopularityParams:
    """half_life_days: popularity halves at this age."""

    half_life_days: float = 30.0


PARAMETERS: dict[str, type] = {
    "covisitation": CovisitationParams,
    "content": ContentParams,
    "popularity": PopularityParams,
    "blend": BlendParams,
}
