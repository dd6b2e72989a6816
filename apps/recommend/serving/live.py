"""The counted pairs of the versions that this process answers with, a second behind what happens.

Failure policy: fall back. While Redis is away, or the features are built anew, the last table stays. Where the log does
not hold all that came since the training, the version answers as it was trained until the next one: logged once, and
shown by `live_status`.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import msgspec
import redis
from django.conf import settings

from apps.recommend import conf
from apps.recommend.contracts.models import ModelFigure
from apps.recommend.features.rebuild import is_finished
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import Touch
from apps.recommend.features.store import FeatureStore
from apps.recommend.features.touch_log import LogPage
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.registry.artifacts import BadArtifact, UnreadArtifact
from apps.recommend.registry.live_base import LiveBase, read_base
from apps.recommend.serving.live_table import LiveTable
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """state: "following"; "waiting" for the features; "lost": the log is not whole; "unusable": there is no base."""

    site_id: str
    stamp: str
    state: str
    entries: int


def get_live(site_id: str, stamp: str) -> PairCounts | None:
    """Return the counts of this version with all that came since; None while there are none to go on from.

    The first call begins to follow, and waits for nothing.
    """
    return _LIVE.get(site_id, stamp)


def refresh_live() -> None:
    """Read now what came since; what the background thread does about every second."""
    _LIVE.refresh()


def forget_live() -> None:
    """Follow nothing any more, as a fresh process would."""
    _LIVE.forget()


def live_status() -> list[LiveStatus]:
    """Return how each version that is followed stands."""
    return _LIVE.status()


def measure_live() -> list[ModelFigure]:
    """Return for monitoring how the versions stand that this process follows: 1 in the state that each is in."""
    words = "How live pairs stand in the process that answers this: following, waiting, lost or unusable."
    return [ModelFigure("live_pairs", words, {"site": one.site_id, "state": one.state}, 1.0) for one in live_status()]


class Following:
    """One version in its way along the log of its site."""

    def __init__(self, site_id: str, base: LiveBase, store: FeatureStore) -> None:
        """Begin at the first `step`."""
        self.state = "waiting"
        self.counts: PairCounts | None = None
        self.entries = 0
        self._site_id = site_id
        self._base = base
        self._store = store
        self._needed = base.taken_at - conf.LOG_MARGIN.total_seconds()
        self._ground: str | None = None
        self._number: int | None = None
        self._missed: int | None = -1  # the number behind which one was missing
        self._after = ""
        self._table: LiveTable | None = None

    def step(self) -> None:
        """Read all that came since and add it; raises RedisError, and goes on from there the next time."""
        more = True
        while more:
            page = self._store.read_log(site_id=self._site_id, after=self._after or self._start(), limit=conf.LIVE_PAGE)
            if not is_finished(page.ground):
                return
            more = self._take(page)

    def _take(self, page: LogPage) -> bool:
        """Add a page and return whether there may be more."""
        if page.ground != self._ground:
            self._missed = -1
            return self._begin(page)
        if self._table is not None and self._misses(page):
            # Where it is missing the second time it is in the log no more, and would be missed for ever.
            again, self._missed = self._missed == self._number, self._number
            return self._lose() if again else self._begin(page)
        if self._table is None or not page.entries:
            return False
        self._table.add(page.entries)
        last = page.entries[-1]
        self._after, self._number = last.place, last.number
        self.entries += len(page.entries)
        self.counts = self._table.counts
        return len(page.entries) == conf.LIVE_PAGE

    def _misses(self, page: LogPage) -> bool:
        """Return whether these are not the entries that follow those we have."""
        if not page.entries:
            return False
        if self._number is None and not self._is_whole(page):
            return True
        before = page.entries[0].number - 1 if self._number is None else self._number
        return any(entry.number != number for number, entry in enumerate(page.entries, start=before + 1))

    def _is_whole(self, page: LogPage) -> bool:
        """Return whether the log holds all that came since the training."""
        if page.since is None or page.since > self._needed:
            return False
        return page.first_number <= 1 or page.first_time <= self._needed

    def _begin(self, page: LogPage) -> bool:
        """Begin anew with what the training counted, where the log holds all that came since, and return whether."""
        self._ground, self._number, self._after, self.entries = page.ground, None, "", 0
        if not self._is_whole(page):
            return self._lose()
        self._table, self.state = LiveTable(self._base, self._read), "following"
        self.counts = self._table.counts
        return True

    def _lose(self) -> bool:
        """Answer as it was trained from now on."""
        self._table, self.counts, self.state = None, None, "lost"
        logger.warning("site %s: the log of touches lacks some since the training: it answers as it is", self._site_id)
        return False

    def _start(self) -> str:
        return f"{max(int(self._needed * 1_000), 0)}-0"

    def _read(self, shoppers: Sequence[UUID]) -> list[Sequence[Touch]]:
        return [state.recent for state in self._store.read([(self._site_id, shopper) for shopper in shoppers])]


class _Live:
    """What one process follows. Readers take no lock: they read a dictionary of whole values."""

    def __init__(self, make_store: Callable[[], FeatureStore]) -> None:
        self._make_store = make_store
        self._asked: dict[tuple[str, str], float] = {}
        self._followed: dict[tuple[str, str], Following | None] = {}
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def get(self, site_id: str, stamp: str) -> PairCounts | None:
        self._asked[(site_id, stamp)] = monotonic()
        if settings.MODEL_POLL_SECONDS <= 0:
            self.refresh()
        elif self._thread_of != os.getpid():
            self._start()
        following = self._followed.get((site_id, stamp))
        return None if following is None else following.counts

    def forget(self) -> None:
        with self._lock:
            self._asked, self._followed = {}, {}

    def status(self) -> list[LiveStatus]:
        return [
            LiveStatus(*key, "unusable", 0) if one is None else LiveStatus(*key, one.state, one.entries)
            for key, one in list(self._followed.items())
        ]

    def refresh(self) -> None:
        with self._lock:
            self._give_up_unasked()
            for key in list(self._asked):
                try:
                    self._step(key)
                except (redis.RedisError, OSError, UnreadArtifact) as error:
                    logger.warning("live pairs of site %s stay as they are: %s", key[0], type(error).__name__)
                except (BadArtifact, msgspec.MsgspecError) as error:
                    logger.warning("site %s: %s", key[0], error)
                    self._followed[key] = None
                except Exception:
                    # Half of a page may be in: begin anew from what the training counted.
                    logger.exception("live pairs of site %s begin anew", key[0])
                    self._followed.pop(key, None)

    def _step(self, key: tuple[str, str]) -> None:
        if key not in self._followed:
            self._followed[key] = Following(key[0], read_base(site_id=key[0], stamp=key[1]), self._make_store())
        following = self._followed[key]
        if following is not None:
            following.step()

    def _give_up_unasked(self) -> None:
        oldest = monotonic() - conf.LIVE_UNASKED.total_seconds()
        for key in [key for key, asked in list(self._asked.items()) if asked < oldest]:
            self._asked.pop(key, None)
            self._followed.pop(key, None)

    def _start(self) -> None:
        with self._lock:
            if self._thread_of != os.getpid():
                self._thread_of = os.getpid()
                threading.Thread(target=self._follow, name="live-pairs", daemon=True).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while settings.MODEL_POLL_SECONDS > 0 and not pause.wait(settings.MODEL_POLL_SECONDS):
            try:
                self.refresh()
            except Exception:
                # The thread must outlive any defect, or the process would answer from an old table for ever.
                logger.exception("live pairs stay as they are")
        self._thread_of = None


_LIVE = _Live(lambda: RedisStore(client()))
