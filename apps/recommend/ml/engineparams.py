"""What decides what an engine becomes, besides the data."""

from dataclasses import dataclass, field

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.ranker import RankerParams
from apps.recommend.ml.tables import MixParams


@dataclass(frozen=True, slots=True)
class LatentParams:
    """size: numbers in a vector; neighbours: how many of the nearest items each list holds."""

    size: int = 64
    neighbours: int = 50


@dataclass(frozen=True, slots=True)
class PopularityParams:
    """half_life_days: popularity halves at this age; recent_half_life_days: the same for what rises now."""

    half_life_days: float = 30.0
    recent_half_life_days: float = 5.0


@dataclass(frozen=True, slots=True)
class SessionParams:
    """most: so many of the newest sequences are kept for session nearest neighbours."""

    most: int = 500_000


@dataclass(frozen=True, slots=True)
class EngineParams:
    """What decides what an engine becomes, besides the data."""

    covisitation: CovisitationParams = field(default_factory=CovisitationParams)
    transitions: CovisitationParams = field(default_factory=lambda: CovisitationParams(window=1, backward=0.0))
    latent: LatentParams = field(default_factory=LatentParams)
    sessions: SessionParams = field(default_factory=SessionParams)
    popularity: PopularityParams = field(default_factory=PopularityParams)
    mix: MixParams = field(default_factory=MixParams)
    ranker: RankerParams = field(default_factory=RankerParams)
