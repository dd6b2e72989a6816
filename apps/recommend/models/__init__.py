"""What next, as stored. Every row belongs to a site, named by its slug; there are no foreign keys to other apps.

Django finds models here and nowhere else, so this one `__init__` names what its modules hold.
"""

from apps.recommend.models.experiments import Experiment, ExperimentLook, ExperimentState
from apps.recommend.models.placements import (
    ITEM_TYPE_CHOICES,
    STRATEGY_CHOICES,
    STRATEGY_LABELS,
    Placement,
    default_fallback,
)
from apps.recommend.models.rules import RULE_KINDS, MerchandisingRule, RuleChange, RuleReport, RuleStamp, RuleState
from apps.recommend.models.traces import Trace, TraceSampling
from apps.recommend.models.training import EventWeights, Promotion, RunKind, RunState, TrainingRun, TrainingSchedule
from apps.recommend.models.versions import EMBEDDING_SIZE, ItemVector, ModelState, ModelVersion

__all__ = [
    "EMBEDDING_SIZE",
    "ITEM_TYPE_CHOICES",
    "RULE_KINDS",
    "STRATEGY_CHOICES",
    "STRATEGY_LABELS",
    "EventWeights",
    "Experiment",
    "ExperimentLook",
    "ExperimentState",
    "ItemVector",
    "MerchandisingRule",
    "ModelState",
    "ModelVersion",
    "Placement",
    "Promotion",
    "RuleChange",
    "RuleReport",
    "RuleStamp",
    "RuleState",
    "RunKind",
    "RunState",
    "Trace",
    "TraceSampling",
    "TrainingRun",
    "TrainingSchedule",
    "default_fallback",
]
