"""Which version of a site scores in the shadow, for how many of the requests, and its arrays once they are needed.

Failure policy: a version that cannot be loaded scores nothing, which is logged and counted; serving goes on without it.
"""

import logging
from dataclasses import dataclass
from time import monotonic

from django.conf import settings
from django.db import Error as DatabaseError

from apps.recommend.registry.artifacts import BadArtifact, UnreadArtifact
from apps.recommend.registry.unpacked import LoadedModel, read_version
from apps.recommend.selectors import list_shadows

logger = logging.getLogger(__name__)

_POLL_SECONDS = 5.0
_SHARES = 10_000


@dataclass(frozen=True, slots=True)
class Shadow:
    """A version in the shadow; `share` of the requests are scored with it as well."""

    stamp: str
    share: float

    def takes(self, number: int) -> bool:
        """Return whether it scores the request with this number, drawn evenly."""
        return number % _SHARES < self.share * _SHARES


class _Shadows:
    """What this process knows; readers take no lock, they read dictionaries that are swapped whole."""

    def __init__(self) -> None:
        self._shadows: dict[str, Shadow] = {}
        self._loaded: dict[str, LoadedModel] = {}
        self._broken: set[str] = set()
        self._again_at = 0.0

    def get(self, site_id: str) -> Shadow | None:
        return self._shadows.get(site_id)

    def refresh(self) -> None:
        if settings.MODEL_POLL_SECONDS > 0 and monotonic() < self._again_at:
            return
        self._again_at = monotonic() + _POLL_SECONDS
        try:
            found = list_shadows()
        except DatabaseError as error:
            logger.warning("shadows not checked, database unavailable: %s", type(error).__name__)
            return
        self._shadows = {site_id: Shadow(*shadow) for site_id, shadow in found.items()}
        stamps = {shadow.stamp for shadow in self._shadows.values()}
        self._loaded = {site_id: loaded for site_id, loaded in self._loaded.items() if loaded.stamp in stamps}
        self._broken &= stamps

    def load(self, site_id: str, stamp: str) -> LoadedModel | None:
        loaded = self._loaded.get(site_id)
        if loaded is not None and loaded.stamp == stamp:
            return loaded
        if stamp in self._broken:
            return None
        try:
            loaded = read_version(site_id=site_id, stamp=stamp)
        except (BadArtifact, OSError) as error:
            if isinstance(error, BadArtifact) and not isinstance(error, UnreadArtifact):
                self._broken.add(stamp)
            logger.error("the shadow scores nothing: %s", error)  # noqa: TRY400 - an expected outcome, its message says all
            return None
        self._loaded = self._loaded | {site_id: loaded}
        return loaded

    def forget(self) -> None:
        self._shadows, self._loaded, self._broken, self._again_at = {}, {}, set(), 0.0


_SHADOWS = _Shadows()


def get_shadow(site_id: str) -> Shadow | None:
    """Return what scores in the shadow, as last seen: no question to the database."""
    return _SHADOWS.get(site_id)


def refresh_shadows() -> None:
    """Look which versions are in the shadow, every five seconds at most."""
    _SHADOWS.refresh()


def load_shadow(site_id: str, stamp: str) -> LoadedModel | None:
    """Return the version ready to score, loaded on first use; None for one that cannot be loaded."""
    return _SHADOWS.load(site_id, stamp)


def forget_shadows() -> None:
    """Drop all that is known, as a fresh process would have it."""
    _SHADOWS.forget()
