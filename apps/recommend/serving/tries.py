"""What is known of the items that places are given to trying: how often each was shown and clicked of late.

Read from the counts about every minute by the thread that follows the sites, and only for sites with a placement that
asks for it; no request waits. Failure policy: what was read last stays; before anything was read all items are tried
alike.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, time

import numpy as np
import redis

from apps.recommend import conf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.features.counts import DAY, day_bucket
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import CountKey
from apps.recommend.ml.trying import best_chances
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

Reader = Callable[[Sequence[CountKey]], list[dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Tries:
    """By item id, how often it was clicked and shown within the days counted; the site's own rate of clicks."""

    clicks: Mapping[str, int]
    shown: Mapping[str, int]
    usual: float

    def chances(self, item_ids: Sequence[str]) -> np.ndarray:
        """Return float64 [c], summing to 1: how likely each is to be clicked most often."""
        clicks = np.fromiter((self.clicks.get(item, 0) for item in item_ids), np.float64, len(item_ids))
        shown = np.fromiter((self.shown.get(item, 0) for item in item_ids), np.float64, len(item_ids))
        return best_chances(clicks, shown, usual=self.usual, strength=conf.RATE_STRENGTH)


def find_tries(*, site_id: str, placements: Iterable[PlacementInfo]) -> Tries | None:
    """Return what is known of tries, read again when it has grown old; None where no placement asks for it."""
    asked = any(one.exploration > 0 and one.exploration_method == "thompson" for one in placements)
    return _READ.get(site_id) if asked else None


def read_tries(read: Reader, *, site_id: str, now: float) -> Tries:
    """Return what was counted up to now (seconds since 1970), over so many days as rates are."""
    days = [day_bucket(int(now // DAY) - back) for back in range(conf.TRIES_DAYS)]
    counts = read([(site_id, f"item.{kind}", day) for kind in ("click", "impression") for day in days])
    clicks, shown = _added(counts[: len(days)]), _added(counts[len(days) :])
    whole, strength = sum(shown.values()), conf.RATE_STRENGTH
    usual = (min(sum(clicks.values()), whole) + conf.USUAL_RATES["click"] * strength) / (whole + strength)
    return Tries(clicks, shown, usual)


def forget_tries() -> None:
    """Drop what was read, as a fresh process would have it."""
    _READ.forget()


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for item_id, count in one.items():
            found[item_id] = found.get(item_id, 0) + count
    return found


class _Read:
    """What was read last, by site, and when."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, Tries | None]] = {}
        self._lock = threading.Lock()

    def get(self, site_id: str) -> Tries | None:
        with self._lock:
            at, tries = self._held.get(site_id, (-conf.TRIES_SECONDS, None))
            if monotonic() - at < conf.TRIES_SECONDS:
                return tries
            try:
                tries = read_tries(RedisStore(client()).read_counts, site_id=site_id, now=time())
            except redis.RedisError as error:
                logger.warning("what was tried is not read again: %s", type(error).__name__)
            self._held[site_id] = monotonic(), tries
            return tries

    def forget(self) -> None:
        with self._lock:
            self._held = {}


_READ = _Read()
