"""What this process holds ready for a site: its catalogue as columns, the model laid over it, its placements.

A thread looks about every second whether one of them moved and swaps the whole; a request reads one reference and sees
one state from beginning to end. Failure policy: fall back to what was last read; only a site that was never read needs
the database while a request waits.
"""

import logging
import os
import threading

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.profiles import api as profiles
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.registry.shadows import refresh_shadows
from apps.recommend.rules import notices
from apps.recommend.serving.reading import read_site
from apps.recommend.serving.ready import ReadySite
from specrec.kernel.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)


def get_ready(site_id: str) -> ReadySite:
    """Return the site's state; raises Unavailable when it was never read and cannot be read now."""
    return _SITES.get(site_id)


def get_placement(ready: ReadySite, placement: str) -> PlacementInfo:
    """Return the placement; raises NotFound, naming those that there are."""
    found = ready.placements.get(placement)
    if found is None:
        known = sorted(ready.placements)
        shown = ", ".join(known) or "none yet"
        message = f"This site has no placement {placement!r}. Known placements: {shown}."
        raise NotFound(message, code="unknown_placement", field="placement", known=known)
    return found


def warm_up() -> None:
    """Read every site, so that no first request waits for it. Failure policy: log it; the first request reads then."""
    try:
        for site in profiles.list_sites():
            get_ready(site.site_id)
    except (DatabaseError, Unavailable) as error:
        logger.warning("not warmed up, the first request of each site will read it: %s", type(error).__name__)


def forget_ready() -> None:
    """Drop all that is held, as a fresh process would have it."""
    _SITES.forget()


def refresh_ready() -> None:
    """Look now for what moved; what the thread does about every second."""
    _SITES.refresh()


def list_ready() -> dict[str, ReadySite]:
    """Return the sites that this process holds."""
    return _SITES.held()


class _Sites:
    """The states of one process. Readers take no lock; one writer at a time."""

    def __init__(self) -> None:
        self._ready: dict[str, ReadySite] = {}
        self._lock = threading.RLock()
        self._thread_of: int | None = None

    def get(self, site_id: str) -> ReadySite:
        if settings.MODEL_POLL_SECONDS <= 0:
            return self._read_again(site_id)
        if self._thread_of != os.getpid():
            self._start()
        ready = self._ready.get(site_id)
        return self._read_again(site_id) if ready is None else ready

    def held(self) -> dict[str, ReadySite]:
        return dict(self._ready)

    def forget(self) -> None:
        with self._lock:
            self._ready = {}

    def refresh(self) -> None:
        for site_id in list(self._ready):
            try:
                self._read_again(site_id)
            except NotFound:
                logger.warning("site %s is there no more and no longer held", site_id)
                with self._lock:
                    self._ready.pop(site_id, None)
            except Unavailable as error:
                logger.warning("site %s not refreshed, what was read last stays: %s", site_id, error.message)
            except Exception:
                # One site's defect must not freeze the sites behind it.
                logger.exception("site %s not refreshed, what was read last stays", site_id)

    def _read_again(self, site_id: str) -> ReadySite:
        with self._lock:
            try:
                ready = read_site(site_id, self._ready.get(site_id))
            except DatabaseError as error:
                message = "The catalogue cannot be read right now. Try again in a moment."
                raise Unavailable(message, code="catalogue_unavailable") from error
            self._ready[site_id] = ready
            return ready

    def _start(self) -> None:
        with self._lock:
            if self._thread_of != os.getpid():
                self._thread_of = os.getpid()
                threading.Thread(target=self._follow, name="site-refresh", daemon=True).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.MODEL_POLL_SECONDS):
            try:
                close_old_connections()  # no request does it for this thread: a broken one would be asked for ever
                self.refresh()
                refresh_shadows()
                notices.flush()
            except Exception:
                # The thread must outlive any defect, or the process would answer from an old catalogue for ever.
                logger.exception("sites not refreshed, what was read last stays")


_SITES = _Sites()
