"""Counts that many shoppers share: the names of their buckets, how long a bucket is kept, and adding to them."""

from collections.abc import Iterable

from apps.recommend import conf
from apps.recommend.features.pairs import Pair
from apps.recommend.features.state import CountKey, Touch
from apps.tracking.contracts import TrackedEvent

COUNTED_TYPES = frozenset({"view", "impression", "click", "add_to_cart", "purchase", "return"})
PAIRS = "pairs"
HOUR = 3_600
DAY = 86_400
HOURS_KEPT = 49
DAYS_KEPT = 64
PAIR_DAYS_KEPT = 15
_LOGGED_FOR = conf.LOGGED_FOR.total_seconds()


def hour_bucket(hour: int) -> str:
    """Return the bucket of an hour since 1970 (UTC)."""
    return f"h{hour}"


def day_bucket(day: int) -> str:
    """Return the bucket of a day since 1970 (UTC)."""
    return f"d{day}"


def pair_bucket(day: int, item_id: str) -> str:
    """Return the bucket of what followed the item on a day."""
    return f"d{day}:{item_id}"


def ends_at(key: CountKey) -> int:
    """Return when the bucket is forgotten, in seconds since 1970."""
    _, name, bucket = key
    if bucket[0] == "h":
        return (int(bucket[1:]) + 1 + HOURS_KEPT) * HOUR
    if name == PAIRS:
        return (int(bucket[1 : bucket.index(":")]) + 1 + PAIR_DAYS_KEPT) * DAY
    return (int(bucket[1:]) + 1 + DAYS_KEPT) * DAY


# By item and by placement, of an hour and of its day; None for a bucket that is forgotten already.
_Slots = tuple[dict[str, int] | None, dict[str, int] | None, dict[str, int] | None, dict[str, int] | None]


class Adding:
    """Amounts to add to counts, collected over many events."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._pairs_from = (now // DAY - PAIR_DAYS_KEPT) * DAY  # the first moment whose bucket is kept still
        self._logged_from = now - _LOGGED_FOR
        self.logged: dict[str, list[tuple[bytes, Touch]]] = {}
        self._counts: dict[CountKey, dict[str, int]] = {}
        self._slots: dict[tuple[str, str, int], _Slots] = {}

    def count(self, site_id: str, kind: str, time: float, item_id: str | None, placement: str | None) -> None:
        """Count one event of a counted type by its item and its placement."""
        hour = int(time) // HOUR
        slots = self._slots.get((site_id, kind, hour))
        if slots is None:
            slots = self._slots[(site_id, kind, hour)] = self._open(site_id, kind, hour)
        item_hour, item_day, placement_hour, placement_day = slots
        if item_id is not None and item_day is not None:
            item_day[item_id] = item_day.get(item_id, 0) + 1
            if item_hour is not None:
                item_hour[item_id] = item_hour.get(item_id, 0) + 1
        if placement is not None and placement_day is not None:
            placement_day[placement] = placement_day.get(placement, 0) + 1
            if placement_hour is not None:
                placement_hour[placement] = placement_hour.get(placement, 0) + 1

    def log(self, event: TrackedEvent, touch: Touch) -> None:
        """Put a touch that is new into the touch log, unless its event came in before all that the log still holds."""
        if event.shopper_id is not None and event.received_at.timestamp() >= self._logged_from:
            self.logged.setdefault(event.site_id, []).append((event.shopper_id.bytes, touch))

    def keeps_pairs(self, time: float) -> bool:
        """Return whether pairs of that time are kept still."""
        return time >= self._pairs_from

    def pair(self, site_id: str, found: Iterable[tuple[Pair, int]]) -> None:
        """Add the amounts of pairs."""
        for (day, earlier, later), amount in found:
            if day * DAY >= self._pairs_from:
                followers = self._counts.setdefault((site_id, PAIRS, f"d{day}:{earlier}"), {})
                followers[later] = followers.get(later, 0) + amount

    def amounts(self) -> dict[CountKey, dict[str, int]]:
        """Return the amounts, without keys to which nothing is added."""
        return {key: fields for key, fields in self._counts.items() if fields}

    def _open(self, site_id: str, kind: str, hour: int) -> _Slots:
        keys = (
            (site_id, f"item.{kind}", hour_bucket(hour)),
            (site_id, f"item.{kind}", day_bucket(hour * HOUR // DAY)),
            (site_id, f"placement.{kind}", hour_bucket(hour)),
            (site_id, f"placement.{kind}", day_bucket(hour * HOUR // DAY)),
        )
        one, two, three, four = (self._counts.setdefault(key, {}) if ends_at(key) > self._now else None for key in keys)
        return one, two, three, four
