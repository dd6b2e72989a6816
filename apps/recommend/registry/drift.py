"""Has the world moved since the promoted version learned? What happened lately beside what it learned from.

Measured in the background, kept in Redis, told as metrics. Distributions come from the daily counts: which types of
events and which items, the items by what they are. So no single shopper is in them.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import cast

import msgspec
import numpy as np

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.recommend import conf
from apps.recommend.ml.drift import population_stability
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry.artifacts import BadArtifact, read_artifact
from apps.recommend.registry.unpacked import decode_ids
from apps.tracking import api as tracking
from specrec.kernel import wire
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

LEARNED_DAYS = 28  # of what the version learned from, the newest: what is compared with must not be another season
LATELY_DAYS = 2  # today, which has just begun, and yesterday
FEWEST = 500  # of fewer events the shares are chance
TYPES = ("view", "click", "wishlist", "add_to_cart", "purchase", "rate")
_KEPT_SECONDS = 2 * 86_400
_BANDS = 10
Histogram = Mapping[str, float]


class Drift(msgspec.Struct, frozen=True):
    """What was measured for one version: `psi` by feature, and the share of what there is that the version knows.

    coverage: "items", of the published items; "events", of the events of late. Absent: too little to say.
    """

    stamp: str
    at: datetime
    psi: dict[str, float]
    coverage: dict[str, float]


def measure_drift(*, now: datetime) -> list[str]:
    """Measure every site that has a promoted version and keep what was found; return the sites. Raises RedisError."""
    done = []
    for version in ModelVersion.objects.filter(state=ModelState.PROMOTED):
        try:
            found = _measure(version, now)
        except BadArtifact as error:
            logger.warning("drift of %s not measured: %s", version.site_id, error.message)
            continue
        client().set(_name(version.site_id), wire.encode(found), ex=_KEPT_SECONDS)
        done.append(version.site_id)
    return done


def read_drift(*, site_id: str) -> Drift | None:
    """Return what was measured last, None when nothing was lately; raises RedisError."""
    found = cast("bytes | None", client().get(_name(site_id)))
    return None if found is None else msgspec.json.decode(found, type=Drift)


def score_drift(sums: Histogram, *, expected: str, actual: str, least: float = 1.0) -> float | None:
    """Return the PSI between the counted scores of two prefixes (see `serving.asked.score_bin`); None for too few."""
    before, now = (
        {name.removeprefix(prefix): number for name, number in sums.items() if name.startswith(prefix)}
        for prefix in (expected, actual)
    )
    return population_stability(before, now) if min(sum(before.values()), sum(now.values())) >= least else None


def _measure(version: ModelVersion, now: datetime) -> Drift:
    site_id = version.site_id
    until = version.data_until or version.created_at
    learned = _read(site_id, since=until.date() - timedelta(days=LEARNED_DAYS), until=until.date())
    lately = _read(site_id, since=now.date() - timedelta(days=LATELY_DAYS - 1), until=now.date())
    columns = catalog.load_columns(site_id=site_id, now=now)
    known = frozenset(
        decode_ids(read_artifact(site_id=site_id, stamp=version.stamp, names=["item_ids"]).arrays["item_ids"])
    )
    psi = {}
    if min(learned.total(), lately.total()) >= FEWEST:
        features = _features(columns, learned)
        psi = {name: round(population_stability(_by(learned, of), _by(lately, of)), 6) for name, of in features.items()}
    return Drift(stamp=version.stamp, at=now, psi=psi, coverage=_coverage(columns, known, lately))


def _read(site_id: str, *, since: date, until: date) -> Counter[tuple[str, str]]:
    """Return the number of events by type and item."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, item_id, _, number in tracking.sum_item_days(site_id=site_id, since=since, until=until, types=TYPES):
        found[kind, item_id] += number
    return found


def _by(events: Counter[tuple[str, str]], of: Callable[[str, str], str]) -> Histogram:
    histogram: Counter[str] = Counter()
    for (kind, item_id), number in events.items():
        histogram[of(kind, item_id)] += number
    return histogram


def _features(columns: ItemColumns, learned: Counter[tuple[str, str]]) -> dict[str, Callable[[str, str], str]]:
    """Return by name what an event is, as its type and item tell; what the catalogue does not hold is "unknown"."""
    row_of, bands, prices = columns.row_of, _bands(learned), _price_bands(columns)

    def of_item(tell: Callable[[int], str]) -> Callable[[str, str], str]:
        return lambda _, item_id: tell(row_of[item_id]) if item_id in row_of else "unknown"

    return {
        "event_type": lambda kind, _: kind,
        "item_type": of_item(lambda row: columns.item_types[columns.item_type[row]]),
        "brand": of_item(lambda row: columns.brands[columns.brand[row]]),
        "price_band": of_item(lambda row: prices[row]),
        "popularity_band": lambda _, item_id: bands.get(item_id, "new"),
    }


def _bands(learned: Counter[tuple[str, str]]) -> dict[str, str]:
    """Return for each item which tenth of the events it belongs to, the most popular items being the first."""
    totals: Counter[str] = Counter()
    for (_, item_id), number in learned.items():
        totals[item_id] += number
    whole, passed, bands = max(totals.total(), 1), 0, {}
    for item_id, number in sorted(totals.items(), key=lambda entry: (-entry[1], entry[0])):
        bands[item_id] = str(passed * _BANDS // whole)
        passed += number
    return bands


def _price_bands(columns: ItemColumns) -> list[str]:
    starts = columns.variant_indptr[:-1]
    price = np.full(len(columns.item_ids), np.nan)
    has = np.diff(columns.variant_indptr) > 0
    price[has] = columns.price[starts[has]]
    priced = price[~np.isnan(price)]
    if not len(priced):
        return ["none"] * len(price)
    edges = np.quantile(priced, np.linspace(0, 1, conf.PRICE_BANDS + 1)[1:-1])
    places = np.searchsorted(edges, price, side="right").tolist()
    return ["none" if np.isnan(one) else str(place) for one, place in zip(price.tolist(), places, strict=True)]


def _coverage(columns: ItemColumns, known: frozenset[str], lately: Counter[tuple[str, str]]) -> dict[str, float]:
    published = [item for item, shown in zip(columns.item_ids, columns.published.tolist(), strict=True) if shown]
    shares = {}
    if published:
        shares["items"] = round(sum(item in known for item in published) / len(published), 6)
    if lately:
        held = sum(number for (_, item_id), number in lately.items() if item_id in known)
        shares["events"] = round(held / lately.total(), 6)
    return shares


def _name(site_id: str) -> str:
    return f"models:drift:{site_id}"
