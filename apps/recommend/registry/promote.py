"""Which version a site answers with: promotion, roll-back, the shadow and retirement, each one transaction.

Serving polls the promoted stamp (see `loaded`), so nothing needs to be told. The artifact is read and verified before
the change: a version that cannot be loaded is never promoted. The vectors follow (see `vectors`), because filling their
index takes longer than a promotion may; nothing but pages of items newer than the model misses them meanwhile.
"""

import logging
from datetime import datetime

from django.db import transaction

from apps.recommend import selectors
from apps.recommend.contracts.models import ModelInfo
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry import counters
from apps.recommend.registry.artifacts import Artifact, BadArtifact, read_artifact
from apps.recommend.registry.unpacked import to_loaded
from apps.recommend.registry.vectors import publish_vectors
from specrec.kernel.errors import Conflict, NotFound

logger = logging.getLogger(__name__)

BY_HAND = "Rolled back by hand."


def promote_model(*, site_id: str, stamp: str, now: datetime, note: str | None = None) -> ModelInfo:
    """Answer with this version from now on, whatever the gate said; raises NotFound or BadArtifact, nothing changed."""
    selectors.get_version(site_id=site_id, stamp=stamp)
    artifact = _verified(site_id, stamp)
    with transaction.atomic():
        version = _of(_locked(site_id), stamp)
        if version.state != ModelState.PROMOTED:
            _retire_promoted(site_id)
        _put_in_service(version, now=now, note=version.note if note is None else note)
    counters.forget(site_id=site_id, stamp=stamp)  # what it did in an earlier time of service is not held against it
    publish_vectors(site_id=site_id, stamp=stamp, arrays=artifact.arrays)
    return selectors.to_model_info(version)


def roll_back(*, site_id: str, now: datetime, stamp: str | None = None, reason: str = BY_HAND) -> ModelInfo:
    """Answer with the version that was promoted before the present one, and return it; of several the last that loads.

    stamp: go back only if this one is still what answers, so that two who found the same fault go back once
    reason: becomes the note of the version that is taken out of service
    Raises Conflict where there is none to go back to, or another answers than `stamp`; then nothing is changed.
    """
    previous, artifact = _find_loadable(site_id)
    with transaction.atomic():
        rows = _locked(site_id)
        current = next((row for row in rows.values() if row.state == ModelState.PROMOTED), None)
        if current is None or previous not in rows:
            message = f"The site {site_id} has no earlier promoted model to go back to."
            raise Conflict(message, code="nothing_to_roll_back_to")
        if stamp is not None and current.stamp != stamp:
            raise Conflict(f"The site {site_id} answers with {current.stamp} meanwhile.", code="rolled_back_already")
        current.state, current.rolled_back_at, current.note = ModelState.RETIRED, now, reason
        current.save(update_fields=["state", "rolled_back_at", "note"])
        version = rows[previous]
        _put_in_service(version, now=now, note=f"Rolled back to from {current.stamp}.")
    logger.warning("site %s is back at model %s from %s. %s", site_id, version.stamp, current.stamp, reason)
    publish_vectors(site_id=site_id, stamp=version.stamp, arrays=artifact.arrays)
    return selectors.to_model_info(version)


def shadow_model(*, site_id: str, stamp: str, now: datetime, note: str | None = None) -> ModelInfo:
    """Let this version score a share of the requests and answer none; raises NotFound, BadArtifact, or Conflict for the
    one that answers. What was in the shadow before waits as a candidate again."""
    selectors.get_version(site_id=site_id, stamp=stamp)
    _verified(site_id, stamp)
    with transaction.atomic():
        version = _of(_locked(site_id), stamp)
        if version.state == ModelState.PROMOTED:
            raise Conflict(f"The model {stamp} answers already; only another can be its shadow.", code="model_answers")
        shadows = ModelVersion.objects.filter(site_id=site_id, state=ModelState.SHADOW).exclude(stamp=stamp)
        shadows.update(state=ModelState.CANDIDATE)
        version.state, version.shadowed_at = ModelState.SHADOW, now
        version.note = version.note if note is None else note
        version.save(update_fields=["state", "shadowed_at", "note"])
    counters.forget(site_id=site_id, stamp=stamp)
    return selectors.to_model_info(version)


def retire_model(*, site_id: str, stamp: str) -> ModelInfo:
    """Take the version out of what may be promoted by itself; raises NotFound, and Conflict for the one that answers.

    Its artifact stays until it is pruned, so a person may still promote it.
    """
    selectors.get_version(site_id=site_id, stamp=stamp)
    with transaction.atomic():
        version = _of(_locked(site_id), stamp)
        if version.state == ModelState.PROMOTED:
            message = f"The site {site_id} answers with {stamp}. Promote another or roll back first."
            raise Conflict(message, code="model_answers")
        version.state = ModelState.RETIRED
        version.save(update_fields=["state"])
    return selectors.to_model_info(version)


def _verified(site_id: str, stamp: str) -> Artifact:
    """Return the artifact, every array checked, of a version that can answer."""
    artifact = read_artifact(site_id=site_id, stamp=stamp)
    to_loaded(artifact)
    return artifact


def _find_loadable(site_id: str) -> tuple[str, Artifact]:
    """Return the stamp that a roll-back goes to with its artifact; raises BadArtifact where none of several loads."""
    broken: BadArtifact | None = None
    for version in selectors.find_previous(site_id=site_id):
        try:
            return version.stamp, _verified(site_id, version.stamp)
        except BadArtifact as error:
            logger.warning("cannot go back to model %s: %s", version.stamp, error.message)
            broken = error
    if broken is not None:
        raise broken
    raise Conflict(f"The site {site_id} has no earlier promoted model to go back to.", code="nothing_to_roll_back_to")


def _locked(site_id: str) -> dict[str, ModelVersion]:
    """Return every version of the site by stamp, locked, so that two promotions come one after the other."""
    return {row.stamp: row for row in ModelVersion.objects.select_for_update().filter(site_id=site_id).order_by("id")}


def _of(rows: dict[str, ModelVersion], stamp: str) -> ModelVersion:
    """Return one of the locked versions; raises NotFound where it was pruned while its artifact was read."""
    if stamp not in rows:
        raise NotFound(f"The model {stamp} was removed meanwhile.", code="model_not_found", field="stamp")
    return rows[stamp]


def _retire_promoted(site_id: str) -> None:
    ModelVersion.objects.filter(site_id=site_id, state=ModelState.PROMOTED).update(state=ModelState.RETIRED)


def _put_in_service(version: ModelVersion, *, now: datetime, note: str) -> None:
    version.state, version.promoted_at, version.rolled_back_at, version.note = ModelState.PROMOTED, now, None, note
    version.catalogue_stamp = None  # its vectors were removed while another was promoted
    version.save(update_fields=["state", "promoted_at", "rolled_back_at", "note", "catalogue_stamp"])
