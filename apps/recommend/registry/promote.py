"""Which version a site answers with: promotion and roll-back, each one transaction.

Serving polls the promoted stamp (see `loaded`), so nothing needs to be told. The artifact is read and verified before
the change: a version that cannot be loaded is never promoted. The vectors follow (see `vectors`), because filling their
index takes longer than a promotion may; nothing but pages of items newer than the model misses them meanwhile.
"""

from datetime import datetime

from django.db import transaction

from apps.recommend import selectors
from apps.recommend.contracts import ModelInfo
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry.artifacts import delete_artifact, read_artifact
from apps.recommend.registry.unpacked import to_loaded
from apps.recommend.registry.vectors import publish_vectors
from specrec.kernel.errors import Conflict

KEPT_VERSIONS = 5


def promote_model(*, site_id: str, stamp: str, now: datetime, note: str | None = None) -> ModelInfo:
    """Answer with this version from now on, whatever the gate said; raises NotFound or BadArtifact, nothing changed."""
    selectors.get_version(site_id=site_id, stamp=stamp)
    artifact = read_artifact(site_id=site_id, stamp=stamp)
    to_loaded(artifact)
    with transaction.atomic():
        version = _locked(site_id, stamp)
        if version.state != ModelState.PROMOTED:
            _retire_promoted(site_id)
            version.state = ModelState.PROMOTED
        version.promoted_at = now
        version.note = version.note if note is None else note
        version.catalogue_stamp = None  # its vectors were removed while another was promoted
        version.save(update_fields=["state", "promoted_at", "note", "catalogue_stamp"])
    publish_vectors(site_id=site_id, stamp=stamp, arrays=artifact.arrays)
    return selectors.to_model_info(version)


def roll_back(*, site_id: str, now: datetime) -> ModelInfo:
    """Answer with the version that was promoted before the present one; raises Conflict when there is none."""
    current = selectors.find_promoted(site_id=site_id)
    previous = _find_previous(site_id)
    if current is None or previous is None:
        message = f"The site {site_id} has no earlier promoted model to go back to."
        raise Conflict(message, code="nothing_to_roll_back_to")
    artifact = read_artifact(site_id=site_id, stamp=previous.stamp)
    to_loaded(artifact)
    with transaction.atomic():
        version = _locked(site_id, previous.stamp)
        _retire_promoted(site_id, withdrawn=True)
        version.state = ModelState.PROMOTED
        version.promoted_at = now
        version.note = f"Rolled back to from {current.stamp}."
        version.catalogue_stamp = None
        version.save(update_fields=["state", "promoted_at", "note", "catalogue_stamp"])
    publish_vectors(site_id=site_id, stamp=version.stamp, arrays=artifact.arrays)
    return selectors.to_model_info(version)


def prune_versions(*, site_id: str, kept: int = KEPT_VERSIONS) -> list[str]:
    """Remove versions with their artifacts, and return their stamps.

    The newest `kept` stay, those that the gate rejected being counted apart from the others. What answers now and what
    a roll-back would go to stay in any case.
    """
    rows = list(ModelVersion.objects.filter(site_id=site_id).order_by("-created_at", "-id"))
    rejected = [version for version in rows if version.state == ModelState.REJECTED]
    others = [version for version in rows if version.state != ModelState.REJECTED]
    previous = _find_previous(site_id)
    needed = {version.pk for version in rows if version.state == ModelState.PROMOTED} | {previous.pk if previous else 0}
    surplus = [version for version in (*others[kept:], *rejected[kept:]) if version.pk not in needed]
    for version in surplus:
        delete_artifact(site_id=site_id, stamp=version.stamp)
        version.delete()
    return [version.stamp for version in surplus]


def _find_previous(site_id: str) -> ModelVersion | None:
    """Return the version that a roll-back goes to."""
    earlier = ModelVersion.objects.filter(site_id=site_id, state=ModelState.RETIRED, promoted_at__isnull=False)
    return earlier.order_by("-promoted_at").first()


def _locked(site_id: str, stamp: str) -> ModelVersion:
    """Return the version, every version of the site being locked, so that two promotions come one after the other."""
    rows = {row.stamp: row for row in ModelVersion.objects.select_for_update().filter(site_id=site_id).order_by("id")}
    return rows[stamp] if stamp in rows else selectors.get_version(site_id=site_id, stamp=stamp)


def _retire_promoted(site_id: str, *, withdrawn: bool = False) -> None:
    """Retire the promoted version; one that was withdrawn is not what a further roll-back goes to."""
    changes = {"state": ModelState.RETIRED, **({"promoted_at": None} if withdrawn else {})}
    ModelVersion.objects.filter(site_id=site_id, state=ModelState.PROMOTED).update(**changes)
