"""What a training reads: the catalogue's items as rows, and what happened as flat sequences over these rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles
from apps.recommend.features.touches import POOR_RATING, UNDONE_BY
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described
from apps.recommend.ml.undoing import find_undone
from apps.recommend.training.recipe import Recipe
from apps.tracking import api as tracking
from apps.tracking.contracts import EVENT_TYPES, Interactions


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened, on rows of items.

    sequences: events of known shoppers, by shopper and then by time; merged shoppers are one
    all_events: these and the events of nobody, by time
    by_type: how many events of each type these are
    unknown_items: how many events were left out because their item has no row
    marks: uint64 [m], ascending, of all events of shoppers that were read, learned from or not
    """

    sequences: Sequences
    all_events: Sequences
    by_type: dict[str, int]
    unknown_items: int
    marks: NDArray[np.uint64] = field(kw_only=True, default_factory=lambda: np.empty(0, dtype=np.uint64))

    @property
    def data_from(self) -> datetime | None:
        """Return the time of the oldest event."""
        return _moment(self.all_events.time[0]) if len(self.all_events.time) else None

    @property
    def data_until(self) -> datetime | None:
        """Return the time of the newest event."""
        return _moment(self.all_events.time[-1]) if len(self.all_events.time) else None

    @property
    def shopper_count(self) -> int:
        """Return how many shoppers there are sequences of."""
        return int(np.unique(self.sequences.sequence).size)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows there are of what: events by type, and what was left out."""
        return {f"events_{kind}": count for kind, count in self.by_type.items()} | {
            "events": len(self.all_events.item),
            "events_of_shoppers": len(self.sequences.item),
            "events_of_unknown_items": self.unknown_items,
            "shoppers": self.shopper_count,
        }


@dataclass(frozen=True, slots=True)
class Categories:
    """Which rows are in which categories: CSR of rows to `ids`."""

    ids: Sequence[str]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]


def no_categories(size: int) -> Categories:
    """Return that no row is in any."""
    return Categories((), np.zeros(size + 1, dtype=np.int32), np.empty(0, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class TrainingData(Happened):
    """What happened and the catalogue. Rows are those of the catalogue, in order of item id."""

    item_ids: list[str]
    item_types: list[str]
    published: NDArray[np.bool_]
    described: Described
    categories: Categories = field(kw_only=True, default_factory=lambda: no_categories(0))


def load_interactions(*, site_id: str, recipe: Recipe, now: datetime) -> Interactions:
    """Return the events of the recipe's window that it learns from, and those that undo them; none from `now` on."""
    learned = {kind for kind in EVENT_TYPES if recipe.event_weights.get(kind, 0.0) > 0}
    kinds = [kind for kind in EVENT_TYPES if kind in learned or UNDONE_BY.get(kind) in learned]
    since = now - timedelta(days=recipe.window_days)
    return tracking.load_interactions(site_id=site_id, since=since, until=now, types=kinds, poor_rating=POOR_RATING)


def load_training_data(*, site_id: str, recipe: Recipe, now: datetime) -> TrainingData:
    """Return the catalogue and the events of the recipe's window; nothing from `now` on is in it."""
    columns = catalog.load_columns(site_id=site_id, now=now)
    interactions = load_interactions(site_id=site_id, recipe=recipe, now=now)
    return make_training_data(columns, interactions, profiles.list_aliases(site_id=site_id), recipe)


def load_happened(*, site_id: str, recipe: Recipe, row_of: Mapping[str, int], now: datetime) -> Happened:
    """Return the events of the recipe's window on the rows of a model that there is."""
    interactions = load_interactions(site_id=site_id, recipe=recipe, now=now)
    return make_happened(row_of, interactions, profiles.list_aliases(site_id=site_id), recipe)


def make_training_data(
    columns: ItemColumns, interactions: Interactions, aliases: Mapping[UUID, UUID], recipe: Recipe
) -> TrainingData:
    """Return the data laid out for fitting, without what was undone later; pure."""
    happened = make_happened(columns.row_of, interactions, aliases, recipe)
    return TrainingData(
        sequences=happened.sequences,
        all_events=happened.all_events,
        by_type=happened.by_type,
        unknown_items=happened.unknown_items,
        marks=happened.marks,
        item_ids=list(columns.item_ids),
        item_types=item_types_of(columns),
        published=np.asarray(columns.published, dtype=np.bool_),
        described=describe(columns, range(len(columns.item_ids))),
        categories=Categories(columns.category_ids, columns.category_indptr, columns.category_indices),
    )


def make_happened(
    row_of: Mapping[str, int], interactions: Interactions, aliases: Mapping[UUID, UUID], recipe: Recipe
) -> Happened:
    """Return the events on the rows, without what was undone later; pure."""
    rows = np.fromiter((row_of.get(item, -1) for item in interactions.item_ids), np.int32, len(interactions.item_ids))
    item = rows[interactions.item] if len(rows) else np.empty(0, dtype=np.int32)
    weights = np.array([recipe.event_weights.get(kind, 0.0) for kind in EVENT_TYPES])
    weight = weights[interactions.type]
    shopper = _canonical(interactions, aliases)
    learned = (weight > 0) & ~_undone(interactions, shopper)
    known = learned & (item >= 0)
    all_events = Sequences(
        sequence=shopper[known],
        item=item[known],
        weight=weight[known],
        time=interactions.time[known],
    )
    by_type = np.bincount(interactions.type[known], minlength=len(EVENT_TYPES)).tolist()
    return Happened(
        sequences=by_sequence(all_events),
        all_events=all_events,
        by_type={kind: count for kind, count in zip(EVENT_TYPES, by_type, strict=True) if count},
        unknown_items=int(np.count_nonzero(learned) - np.count_nonzero(known)),
        marks=np.sort(interactions.mark[interactions.shopper >= 0]),
    )


def by_sequence(events: Sequences) -> Sequences:
    """Return the events that have a sequence, those of one together, in the order of time."""
    owned = np.flatnonzero(events.sequence >= 0)
    order = owned[np.argsort(events.sequence[owned], kind="stable")]
    return take(events, order)


def describe(columns: ItemColumns, rows: Sequence[int]) -> Described:
    """Return what is known of the items of these rows, texts in the site's language."""
    names = columns.names.get(columns.locale) or next(iter(columns.names.values()), [""] * len(columns.item_ids))
    texts = columns.descriptions.get(columns.locale) or next(iter(columns.descriptions.values()), names)
    item_types = item_types_of(columns)
    return Described(
        item_types=[item_types[row] for row in rows],
        brands=[columns.brands[columns.brand[row]] for row in rows],
        texts=[f"{names[row] or ''} {texts[row] or ''}" for row in rows],
        attributes=[columns.attributes[row] for row in rows],
    )


def item_types_of(columns: ItemColumns) -> list[str]:
    """Return the item type of each row."""
    return [columns.item_types[kind] for kind in columns.item_type.tolist()]


def take(events: Sequences, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Sequences:
    """Return the chosen events in the given order."""
    return Sequences(
        sequence=events.sequence[chosen],
        item=events.item[chosen],
        weight=events.weight[chosen],
        time=events.time[chosen],
    )


def _undone(interactions: Interactions, shopper: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which events the same shopper undid later for the same item, as `features` reads a history."""
    undone = np.zeros(len(shopper), dtype=np.bool_)
    pair = shopper.astype(np.int64) * max(len(interactions.item_ids), 1) + interactions.item
    for undoing, kind in UNDONE_BY.items():
        step = np.zeros(len(EVENT_TYPES), dtype=np.int8)
        step[EVENT_TYPES.index(kind)], step[EVENT_TYPES.index(undoing)] = 1, -1
        undone |= find_undone(pair, np.where(shopper >= 0, step[interactions.type], 0).astype(np.int8))
    return undone


def _canonical(interactions: Interactions, aliases: Mapping[UUID, UUID]) -> NDArray[np.int32]:
    """Return the shopper's number for each event, shoppers merged since being one; -1 stays nobody."""
    number: dict[UUID, int] = {}
    merged = [number.setdefault(aliases.get(who, who), len(number)) for who in interactions.shopper_ids]
    table = np.array([*merged, -1], dtype=np.int32)  # the last is what index -1 reads
    return np.asarray(table[interactions.shopper], dtype=np.int32)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), tz=UTC)
