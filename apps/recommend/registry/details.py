"""All that is recorded of one version."""

import logging

import redis

from apps.recommend import selectors
from apps.recommend.contracts.models import ModelDetail
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry import counters
from apps.recommend.registry.figures import live_figures
from apps.recommend.registry.trials import shadow_figures

logger = logging.getLogger(__name__)


def show_model(*, site_id: str, stamp: str) -> ModelDetail:
    """Return the version; raises NotFound. Without Redis what it does in service is left out."""
    version = selectors.get_version(site_id=site_id, stamp=stamp)
    info = selectors.to_model_info(version)
    live, shadow = _counted(version)
    return ModelDetail(
        **{name: getattr(info, name) for name in info.__struct_fields__},
        recipe=version.recipe,
        parameters=version.parameters,
        counts=version.counts,
        code_version=version.code_version,
        data_from=version.data_from,
        data_until=version.data_until,
        event_count=version.event_count,
        shopper_count=version.shopper_count,
        item_count=version.item_count,
        seconds=version.seconds,
        timings=version.timings,
        peak_mb=version.peak_mb,
        shadowed_at=version.shadowed_at,
        promoted_at=version.promoted_at,
        rolled_back_at=version.rolled_back_at,
        report=version.report,
        live=live,
        shadow=shadow,
    )


def _counted(version: ModelVersion) -> tuple[dict[str, float], dict[str, float]]:
    """Return what it did in service, and in the shadow."""
    try:
        live = live_figures(version) if version.promoted_at is not None else {}
        if version.state != ModelState.SHADOW:
            return live, {}
        return live, shadow_figures(counters.read(site_id=version.site_id, stamp=version.stamp))
    except redis.RedisError as error:
        logger.warning("what model %s does is not known: %s", version.stamp, type(error).__name__)
        return {}, {}
