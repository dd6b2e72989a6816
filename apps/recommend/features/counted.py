"""Counts as definitions read them: buckets of one item or placement, and of all of the site."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from apps.recommend.features.counts import PAIRS, day_bucket, hour_bucket, pair_bucket
from apps.recommend.features.define import CountDefinition, CountReading, Span
from apps.recommend.features.state import CountKey

_NONE: Mapping[str, int] = {}


class Counts:
    """Counts by key, as a store answers them; sums over all fields are made once for each key."""

    def __init__(self, counts: Mapping[CountKey, Mapping[str, int]] | None = None) -> None:
        self._counts: dict[CountKey, dict[str, int]] = {key: dict(found) for key, found in (counts or {}).items()}
        self._totals: dict[CountKey, int] = {}

    def add(self, amounts: Mapping[CountKey, Mapping[str, int]]) -> None:
        """Add the amounts."""
        for key, fields in amounts.items():
            found = self._counts.setdefault(key, {})
            for name, amount in fields.items():
                found[name] = found.get(name, 0) + amount
            if key in self._totals:
                self._totals[key] += sum(fields.values())

    def of(self, key: CountKey) -> Mapping[str, int]:
        """Return what was counted under the key, by field."""
        return self._counts.get(key, _NONE)

    def total(self, key: CountKey) -> int:
        """Return the sum over all fields of the key."""
        if key not in self._counts:
            return 0
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = sum(self._counts[key].values())
        return total

    def forget(self, is_over: Callable[[CountKey], bool]) -> None:
        """Drop the keys of which `is_over` says that nobody asks for them any more."""
        for key in [key for key in self._counts if is_over(key)]:
            del self._counts[key]
            self._totals.pop(key, None)


def keys_of(spans: Iterable[Span], *, site_id: str, name: str, now: float) -> dict[Span, Sequence[CountKey]]:
    """Return by span the keys of its buckets, that of now first."""
    return {
        span: _keys(site_id, span, span.buckets(now), name if span.count == PAIRS else None)
        for span in dict.fromkeys(spans)
    }


def spans_of(definitions: Iterable[CountDefinition]) -> list[Span]:
    """Return the spans that the definitions ask for, each once."""
    return list(dict.fromkeys(span for definition in definitions for span in definition.spans))


def read_counts(counts: Counts, keys: Mapping[Span, Sequence[CountKey]], *, name: str, now: float) -> CountReading:
    """Return the counts of one item or placement of this name."""
    own, total, fields = {}, {}, {}
    for span, wanted in keys.items():
        if span.count == PAIRS:
            fields[span] = _added(counts.of(key) for key in wanted)
            continue
        own[span] = [counts.of(key).get(name, 0) for key in wanted]
        if span.whole_site:
            total[span] = [counts.total(key) for key in wanted]
    return CountReading(now=now, own=own, total=total, fields=fields)


@lru_cache(maxsize=256)  # of many items asked at one moment all but the pairs are the same
def _keys(site_id: str, span: Span, buckets: range, name: str | None) -> tuple[CountKey, ...]:
    if name is not None:  # pairs: the one count that every item has to itself
        return tuple((site_id, span.count, pair_bucket(number, name)) for number in buckets)
    bucket = hour_bucket if span.unit == "h" else day_bucket
    return tuple((site_id, span.count, bucket(number)) for number in buckets)


def _added(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    added: dict[str, int] = {}
    for fields in found:
        for name, amount in fields.items():
            added[name] = added.get(name, 0) + amount
    return added
