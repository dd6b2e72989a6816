"""Which versions are kept: the newest few, and whatever is in use or a roll-back would go to."""

from apps.recommend import selectors
from apps.recommend.models import Experiment, ExperimentState, ModelState, ModelVersion
from apps.recommend.registry import counters
from apps.recommend.registry.artifacts import delete_artifact
from specrec.kernel import blobs

_IN_USE = (ModelState.PROMOTED, ModelState.SHADOW)
_TRYING = (ExperimentState.DRAFT, ExperimentState.RUNNING)


def prune_versions(*, site_id: str, kept: int | None = None) -> list[str]:
    """Remove versions with their artifacts, reports and counters, and return their stamps.

    The newest `kept` stay (as the site's schedule has it when None), those that the gate rejected being counted apart
    from the others. What answers, what scores in the shadow, what an experiment tries, the newest candidate and what a
    roll-back would go to stay in any case.
    """
    count = selectors.get_schedule(site_id=site_id).kept_versions if kept is None else kept
    rows = list(ModelVersion.objects.filter(site_id=site_id).order_by("-created_at", "-id"))
    rejected = [version for version in rows if version.state == ModelState.REJECTED]
    others = [version for version in rows if version.state != ModelState.REJECTED]
    needed = _needed(site_id, rows)
    surplus = [version for version in (*others[count:], *rejected[count:]) if version.pk not in needed]
    return [version.stamp for version in surplus if _remove(version)]


def _remove(version: ModelVersion) -> bool:
    """Remove the row, then what it names; return whether it was, for it may have come into use meanwhile."""
    removed, _ = ModelVersion.objects.filter(pk=version.pk, state=version.state).delete()
    if removed:
        delete_artifact(site_id=version.site_id, stamp=version.stamp)
        if version.report:
            blobs.delete(version.report)
        counters.forget(site_id=version.site_id, stamp=version.stamp)
    return bool(removed)


def _needed(site_id: str, rows: list[ModelVersion]) -> set[int]:
    candidates = [version.pk for version in rows if version.state == ModelState.CANDIDATE]
    previous = [version.pk for version in selectors.find_previous(site_id=site_id)]
    # By what was taken out when the promoted one came back the guard knows that this one is not at fault.
    back = [version.promoted_at for version in rows if version.state == ModelState.PROMOTED]
    taken_out = [
        version.pk for version in rows if version.rolled_back_at is not None and version.rolled_back_at in back
    ]
    tried = _tried(site_id)
    in_use = {version.pk for version in rows if version.state in _IN_USE or version.stamp in tried}
    return in_use | {*candidates[:1], *previous[:1], *taken_out}


def _tried(site_id: str) -> set[str]:
    """Return the stamps that variants of experiments name which run, or may yet."""
    written = Experiment.objects.filter(site_id=site_id, state__in=_TRYING).values_list("written", flat=True)
    return {variant["model"] for one in written for variant in one["variants"] if variant.get("model")}
