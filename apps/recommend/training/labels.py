"""Moments to learn from: what a shopper chose, what else there was, and the features as they stood just before.

Nothing of a moment or of what came after it is in its features (`features.offline`), nor decides what is drawn against
it: alternatives are items that something had happened to before, the more of it the likelier.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from apps.catalog import api as catalog
from apps.profiles import api as profiles
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.offline import Label, Place, read_point_in_time
from apps.recommend.training.dataset import load_interactions
from apps.recommend.training.recipe import Recipe
from apps.tracking.contracts import EVENT_TYPES, Interactions

# What a shopper must have granted to be in the event table under an id at all; more is not known of the past.
PURPOSES = frozenset({"history_personalisation"})


@dataclass(frozen=True, slots=True)
class Drawing:
    """How many moments of one shopper, newest first, how many in all, and how many other items for each."""

    per_shopper: int = 1
    moments: int = 2_000
    others: int = 4


@dataclass(frozen=True, slots=True)
class Labelled:
    """names: list [f]; values: float64 [n, f], NaN where a feature has no value
    chosen: bool [n], whether it is what the shopper chose; moment: int32 [n], number of the moment, ascending
    """

    labels: list[Label]
    names: list[str]
    values: NDArray[np.float64]
    chosen: NDArray[np.bool_]
    moment: NDArray[np.int32]


def read_labelled(
    *, site_id: str, recipe: Recipe, now: datetime, drawing: Drawing | None = None, names: Collection[str] | None = None
) -> Labelled:
    """Return moments before `now` within the recipe's window with the features of then; raises NotFound.

    Must not be called within a transaction (`tracking.read_history`). names: of these features alone
    """
    facts = ItemFacts(catalog.load_columns(site_id=site_id, now=now))
    interactions = load_interactions(site_id=site_id, recipe=recipe, now=now)
    drawn = draw_labels(
        interactions, profiles.list_aliases(site_id=site_id), recipe, drawing or Drawing(), seed=recipe.seed
    )
    found = read_point_in_time(
        place=Place(site_id=site_id, weights=recipe.event_weights, facts=facts),
        labels=drawn.labels,
        since=now - timedelta(days=recipe.window_days),
        names=names,
    )
    return Labelled(drawn.labels, found.names, found.values, drawn.chosen, drawn.moment)


def draw_labels(
    interactions: Interactions, aliases: Mapping[UUID, UUID], recipe: Recipe, drawing: Drawing, *, seed: int
) -> Labelled:
    """Return the labels without features: of each moment first what was chosen, then the others drawn; pure."""
    draw = np.random.default_rng(seed)
    merged: dict[UUID, list[UUID]] = {}
    for alias, whole in aliases.items():
        merged.setdefault(whole, []).append(alias)
    labels: list[Label] = []
    chosen: list[bool] = []
    moment: list[int] = []
    for number, place in enumerate(_moments(interactions, aliases, recipe, drawing, draw)):
        items = [interactions.item_ids[interactions.item[place]], *_others(interactions, place, drawing.others, draw)]
        one = interactions.shopper_ids[interactions.shopper[place]]
        who = aliases.get(one, one)
        time = datetime.fromtimestamp(float(interactions.time[place]), tz=UTC)
        labels += [Label(who, item, time, purposes=PURPOSES, alias_ids=tuple(merged.get(who, ()))) for item in items]
        chosen += [True] + [False] * (len(items) - 1)
        moment += [number] * len(items)
    nothing = np.empty((len(labels), 0))
    return Labelled(labels, [], nothing, np.array(chosen, dtype=np.bool_), np.array(moment, dtype=np.int32))


def _moments(
    interactions: Interactions,
    aliases: Mapping[UUID, UUID],
    recipe: Recipe,
    drawing: Drawing,
    draw: np.random.Generator,
) -> list[int]:
    """Return the places of the events that become moments, by time: the newest of each shopper, some of them drawn."""
    told = np.array([recipe.event_weights.get(kind, 0.0) > 0 for kind in EVENT_TYPES])
    left: dict[UUID, int] = {}
    found: list[int] = []
    for place in np.flatnonzero((interactions.shopper >= 0) & told[interactions.type])[::-1].tolist():
        one = interactions.shopper_ids[interactions.shopper[place]]
        who = aliases.get(one, one)
        if left.setdefault(who, drawing.per_shopper):
            left[who] -= 1
            found.append(place)
    if len(found) > drawing.moments:
        found = draw.choice(found, size=drawing.moments, replace=False).tolist()
    return sorted(found)


def _others(interactions: Interactions, place: int, count: int, draw: np.random.Generator) -> Sequence[str]:
    """Return other items of events strictly before this one, each once; fewer where there are not so many."""
    before = int(np.searchsorted(interactions.time, interactions.time[place], side="left"))
    if before == 0:
        return ()
    drawn = interactions.item[draw.integers(before, size=count * 3)].tolist()
    kept = [item for item in dict.fromkeys(drawn) if item != interactions.item[place]]
    return [interactions.item_ids[item] for item in kept[:count]]
