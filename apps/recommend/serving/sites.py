"""What this process holds ready for a site: its catalogue as columns, the model laid over it, its placements.

A thread looks about every second whether one of them moved and swaps the whole; a request reads one reference and sees
one state from beginning to end. Failure policy: fall back to what was last read; only a site that was never read needs
the database while a request waits.
"""

import logging
import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles
from apps.recommend.columns import LaidModel, Shelf, lay, make_shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.features.weights import find_weights
from apps.recommend.ml.engine import score
from apps.recommend.ml.fitting import to_tables
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.selection import Allowed
from apps.recommend.ml.tables import read_only
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.registry.shadows import refresh_shadows
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.selectors import list_placements
from apps.recommend.serving.live import get_live
from apps.recommend.serving.ready import Memories, ReadySite
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


def _read(site_id: str, held: ReadySite | None) -> ReadySite:
    """Return the state as it is now: the held one itself when nothing moved, with the same columns where they stand."""
    now = time.time()
    stamp = catalog.get_stamp(site_id=site_id)
    columns = None if held is None else held.shelf.columns
    if columns is None or columns.next_change <= now or _moved(columns, stamp):
        columns = catalog.load_columns(site_id=site_id, now=datetime.fromtimestamp(now, UTC))
    loaded = get_loaded(site_id)
    pairs = None if loaded is None else get_live(site_id, loaded.stamp)
    placements = {info.placement: info for info in list_placements(site_id=site_id)}
    weights = find_weights(site_id=site_id)
    if held is None or held.shelf.columns is not columns or held.loaded is not loaded:
        shelf = make_shelf(columns=columns, model=_lay(loaded, pairs))
        _try(shelf)
        return ReadySite(shelf=shelf, loaded=loaded, placements=placements, weights=weights, pairs=pairs)
    if held.pairs is not pairs:
        held = replace(held, shelf=replace(held.shelf, model=_lay(loaded, pairs)), pairs=pairs)
    if (held.placements, held.weights) != (placements, weights):
        return replace(held, placements=placements, weights=weights, memories=Memories())
    return held


def _moved(columns: ItemColumns, stamp: int) -> bool:
    """Return whether the catalogue changed, or what of the site the columns were built with."""
    site = profiles.get_site(site_id=columns.site_id)
    return (columns.stamp, columns.currency, columns.locale) != (stamp, site.currency, site.locale)


def lay_over(columns: ItemColumns, loaded: LoadedModel) -> Shelf:
    """Return the columns as they would be if this version answered."""
    return make_shelf(columns=columns, model=_lay(loaded))


def _try(shelf: Shelf) -> None:
    """Ask the version once as requests do, so that none of them waits for its code to be compiled or read."""
    if shelf.model is None:
        return
    nobody = read_only(np.zeros(len(shelf.columns.item_ids), dtype=np.bool_))
    nothing = Allowed(nobody, shelf.column_row, np.zeros(1, dtype=np.int32))
    try:
        history, shares = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.float32)
        score(shelf.model.engine, history, shares=shares, allowed=nothing, limit=1)
    except Exception:
        # The guard counts what fails in requests, and takes the version out; the site must be read all the same.
        logger.exception("the model %s fails when it is asked", shelf.model.stamp)


def _lay(loaded: LoadedModel | None, pairs: PairCounts | None = None) -> LaidModel | None:
    """Return the version as it is asked, with the pairs counted since its training where there are any."""
    if loaded is None:
        return None
    engine = loaded.engine
    if pairs is not None:
        lists, rows, columns = to_tables(pairs, loaded.params.covisitation)
        changed = engine.tables._replace(covisitation=lists, row_factor=rows, column_factor=columns)
        engine = engine._replace(tables=changed)
    return lay(stamp=loaded.stamp, item_ids=loaded.item_ids, engine=engine)


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
                ready = _read(site_id, self._ready.get(site_id))
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
            except Exception:
                # The thread must outlive any defect, or the process would answer from an old catalogue for ever.
                logger.exception("sites not refreshed, what was read last stays")


_SITES = _Sites()
