"""What this process holds ready for a site: its catalogue as columns, the model laid over it, its placements.

A thread looks about every second whether one of them moved and swaps the whole; a request reads one reference and sees
one state from beginning to end. Failure policy: fall back to what was last read; only a site that was never read needs
the database while a request waits.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns, Offer
from apps.profiles import api as profiles
from apps.recommend.columns import LaidModel, Shelf, lay, make_shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.features.weights import find_weights
from apps.recommend.ml.engine import score
from apps.recommend.ml.fitting import to_tables
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.selection import Allowed
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.registry.shadows import refresh_shadows
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.selectors import list_placements
from apps.recommend.serving.live import get_live
from specrec.kernel.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadySite:
    """One state of a site. The dictionaries at the end are memories of what was computed from it, filled on use.

    weights: by event type, how much one in a history says, as the site has it; None where all say the same
    pairs: what came after what, counted up to now; None where the version answers as it was trained
    """

    shelf: Shelf
    loaded: LoadedModel | None
    placements: dict[str, PlacementInfo]
    weights: dict[str, float] | None = None
    pairs: PairCounts | None = None
    offers: dict[str | None, Offer] = field(default_factory=dict)
    masks: dict[tuple[str, str | None], np.ndarray] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def offer_at(self, store_id: str | None) -> Offer:
        """Return what can be had at the store."""
        key = self._store_key(store_id)
        offer = self.offers.get(key)
        if offer is None:
            offer = self.offers[key] = catalog.offer(columns=self.shelf.columns, store_id=store_id)
        return offer

    def mask_for(self, placement: PlacementInfo, store_id: str | None) -> np.ndarray:
        """Return which rows the placement may show at the store, whoever asks. Copy before changing it."""
        key = (placement.placement, self._store_key(store_id))
        mask = self.masks.get(key)
        if mask is None:
            mask = self.masks[key] = _mask_of(self.shelf.columns, placement, self.offer_at(store_id))
        return mask

    def names_in(self, locale: str) -> list[str]:
        """Return the names of all rows in the nearest language that each has: asked, the site's, any, else its id."""
        columns = self.shelf.columns
        order = sorted(columns.names, key=lambda name: _distance(name, locale, columns.locale))
        key = order[0] if order else ""
        names = self.names.get(key)
        if names is None:
            lists = [*(columns.names[name] for name in order), columns.item_ids]
            names = self.names[key] = [next(filter(None, row)) for row in zip(*lists, strict=True)]
        return names

    def _store_key(self, store_id: str | None) -> str | None:
        """Return a key for memories: stores that the catalogue says nothing of share one, so that they stay bounded."""
        columns = self.shelf.columns
        if store_id is None or store_id in columns.store_in_stock or store_id in columns.store_price:
            return store_id
        return ""


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


def _distance(name: str, asked: str, own: str) -> tuple[int, str]:
    """Return how far a locale is from the asked one: itself, its language, the site's own, its language, any other."""
    wanted = (asked, asked.partition("-")[0], own, own.partition("-")[0])
    given = (name, name.partition("-")[0], name, name.partition("-")[0])
    matches = [place for place, (want, have) in enumerate(zip(wanted, given, strict=True)) if want == have]
    return (matches[0] if matches else len(wanted)), name


def _mask_of(columns: ItemColumns, placement: PlacementInfo, offer: Offer) -> np.ndarray:
    mask = offer.available
    if placement.item_types:
        wanted = [columns.item_types.index(name) for name in placement.item_types if name in columns.item_types]
        mask = mask & np.isin(columns.item_type, wanted)
    if placement.category_ids:
        codes = [code for code, name in enumerate(columns.category_ids) if name in placement.category_ids]
        rows = np.repeat(np.arange(len(mask)), np.diff(columns.category_indptr))
        inside = np.zeros(len(mask), dtype=bool)
        inside[rows[np.isin(columns.category_indices, codes)]] = True
        mask = mask & inside
    return mask


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
        return replace(held, placements=placements, weights=weights, masks={})
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
    nothing = Allowed(np.zeros(len(shelf.columns.item_ids), dtype=np.bool_), shelf.column_row)
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
