"""Which versions are kept: the newest few, and whatever is in use or a roll-back would go to."""

from apps.recommend import selectors
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry import counters
from apps.recommend.registry.artifacts import delete_artifact
from specrec.kernel import blobs

_IN_USE = (ModelState.PROMOTED, ModelState.SHADOW)


def prune_versions(*, site_id: str, kept: int | None = None) -> list[str]:
    """Remove versions with their artifacts, reports and counters, and return their stamps.

    The newest `kept` stay (as the site's schedule has it when None), those that the gate rejected being counted apart
    from the others. What answers now, what scores in the shadow, the newest candidate and what a roll-back would go to
    stay in any case.
    """
    count = selectors.get_schedule(site_id=site_id).kept_versions if kept is None else kept
    rows = list(ModelVersion.objects.filter(site_id=site_id).order_by("-created_at", "-id"))
    rejected = [version for version in rows if version.state == ModelState.REJECTED]
    others = [version for version in rows if version.state != ModelState.REJECTED]
    needed = _needed(site_id, rows)
    surplus = [version for version in (*others[count:], *rejected[count:]) if version.pk not in needed]
    for version in surplus:
        delete_artifact(site_id=site_id, stamp=version.stamp)
        if version.report:
            blobs.delete(version.report)
        counters.forget(site_id=site_id, stamp=version.stamp)
        version.delete()
    return [version.stamp for version in surplus]


def _needed(site_id: str, rows: list[ModelVersion]) -> set[int]:
    candidates = [version.pk for version in rows if version.state == ModelState.CANDIDATE]
    previous = [version.pk for version in selectors.find_previous(site_id=site_id)]
    return {version.pk for version in rows if version.state in _IN_USE} | {*candidates[:1], *previous[:1]}
