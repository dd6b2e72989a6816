"""How often a shopper was shown an item, by day: so that what was seen often enough makes room.

A function of the set of impressions: of all days and items the newest `SEEN_KEPT` are kept (by day, then by item), and
one that was ever dropped is older than all that are kept.
"""

from collections.abc import Collection, Mapping

from apps.recommend.conf import SEEN_KEPT

SHOWN = "impression"
DAY = 86_400
# By day since 1970 (UTC), how often each item was shown.
Seen = dict[int, dict[str, int]]


def add(seen: Seen, day: int, item_id: str) -> None:
    """Count one more time that the item was shown, and forget the oldest beyond those kept."""
    items = seen.setdefault(day, {})
    items[item_id] = items.get(item_id, 0) + 1
    if items[item_id] == 1:
        _cut(seen)


def together(one: Seen, other: Seen) -> Seen:
    """Return both added up."""
    if not one or not other:
        return one or other
    found = {day: dict(items) for day, items in one.items()}
    for day, items in other.items():
        own = found.setdefault(day, {})
        for item_id, count in items.items():
            own[item_id] = own.get(item_id, 0) + count
    _cut(found)
    return found


def too_often(
    seen: Mapping[int, Mapping[str, int]], *, most: int, days: int, now: float, touched: Collection[str]
) -> list[str]:
    """Return the items that were shown `most` times or more within so many days, today (UTC) included, and not touched.

    now: seconds since 1970; most: 0 for never; touched: items that the shopper did something with
    """
    if not seen or most <= 0:
        return []
    first = int(now // DAY) - days + 1
    counts: dict[str, int] = {}
    for day, items in seen.items():
        if day >= first:
            for item_id, count in items.items():
                counts[item_id] = counts.get(item_id, 0) + count
    return [item_id for item_id, count in counts.items() if count >= most and item_id not in touched]


def _cut(seen: Seen) -> None:
    beyond = sum(map(len, seen.values())) - SEEN_KEPT
    while beyond > 0:
        oldest = min(seen)
        items = seen[oldest]
        for item_id in sorted(items)[:beyond]:
            del items[item_id]
            beyond -= 1
        if not items:
            del seen[oldest]
