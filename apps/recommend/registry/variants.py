"""Model versions that sides of experiments answer with, loaded beside the promoted one and dropped with the last side.

Failure policy: open. A version that cannot be loaded is logged, and tried again after a pause; its side answers with
the promoted one meanwhile.
"""

import logging
from collections.abc import Iterable, Mapping
from time import monotonic

from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.unpacked import LoadedModel, read_version

logger = logging.getLogger(__name__)

PAUSE = 60.0
_AGAIN_AT: dict[tuple[str, str], float] = {}


def load_variants(site_id: str, stamps: Iterable[str], held: Mapping[str, LoadedModel]) -> dict[str, LoadedModel]:
    """Return by stamp the versions that can be asked; those that are held are the same objects."""
    found = {}
    for stamp in sorted(stamps):
        loaded = held.get(stamp) or _load(site_id, stamp)
        if loaded is not None:
            found[stamp] = loaded
    return found


def _load(site_id: str, stamp: str) -> LoadedModel | None:
    key = site_id, stamp
    if monotonic() < _AGAIN_AT.get(key, 0.0):
        return None
    try:
        return read_version(site_id=site_id, stamp=stamp)
    except (BadArtifact, OSError) as error:
        _AGAIN_AT[key] = monotonic() + PAUSE
        logger.error("a side of an experiment answers with the promoted model: %s", error)  # noqa: TRY400 - an expected outcome, its message says all
        return None
