"""Features for people: the list, what is known of one shopper, item or placement now, and what every state counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from apps.catalog import api as catalog
from apps.profiles import api as profiles
from apps.profiles.contracts import ShopperRef
from apps.recommend.contracts.features import FeatureInfo, FeatureReport, StateSummary
from apps.recommend.features.counted import Counts
from apps.recommend.features.define import Definition, Entity
from apps.recommend.features.definitions import DEFINITIONS
from apps.recommend.features.extract import merge_states
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.values import (
    BATCH_DEFINITIONS,
    counted_definitions,
    counted_values_of,
    keys_for,
    left_out,
    values_of,
)
from apps.recommend.features.weights import get_weights
from specrec.kernel.errors import NotFound


def list_features() -> list[FeatureInfo]:
    """Return every feature that there is, by entity and name."""
    return [_info(definition) for definition in sorted(DEFINITIONS, key=lambda found: (found.entity, found.name))]


def show_shopper(store: RedisStore, *, site_id: str, ref: ShopperRef, now: datetime) -> FeatureReport:
    """Return what is known of the shopper and what consent leaves out; raises NotFound for one who is not known."""
    profiles.get_site(site_id=site_id)
    shopper = profiles.resolve_shoppers(site_id=site_id, refs=[ref]).get(ref)
    if shopper is None:
        message = f"The site {site_id} knows no such shopper."
        raise NotFound(message, code="shopper_not_found")
    states = store.read([(site_id, shopper_id) for shopper_id in (shopper.shopper_id, *shopper.alias_ids)])
    values = values_of(
        merge_states(states),
        purposes=shopper.purposes,
        now=now.timestamp(),
        weights=get_weights(site_id=site_id),
        facts=ItemFacts(catalog.load_columns(site_id=site_id, now=now)),
    )
    missing = {
        definition.name: sorted(definition.needed - shopper.purposes) for definition in left_out(shopper.purposes)
    }
    return FeatureReport(values=values, left_out=missing)


def show_counted(store: RedisStore, *, site_id: str, entity: Entity, name: str, now: datetime) -> FeatureReport:
    """Return what is known of an item or placement; of one that was never seen it is what is usual on the site."""
    profiles.get_site(site_id=site_id)
    definitions = counted_definitions(entity)
    keys = keys_for(definitions, site_id=site_id, name=name, now=now.timestamp())
    counts = Counts(dict(zip(keys, store.read_counts(keys), strict=True)))
    values = counted_values_of(counts, definitions, site_id=site_id, name=name, now=now.timestamp())
    for definition in BATCH_DEFINITIONS:
        if definition.entity == entity:
            values[definition.name] = store.read_batch(site_id=site_id, name=definition.name).get(name)
    return FeatureReport(values=values)


def summarise_states(store: RedisStore, *, site_id: str) -> Iterator[StateSummary]:
    """Yield what every stored state of a shopper of the site counts, in no order."""
    for shopper_id, state in store.scan(site_id=site_id):
        if state.tallies:  # those of nobody only know which events were counted
            counts = {kind: tally.count for kind, tally in sorted(state.tallies.items())}
            yield StateSummary(
                shopper_id=shopper_id, counts=counts, days=dict(sorted(state.days.items())), last=state.last
            )


def _info(definition: Definition) -> FeatureInfo:
    return FeatureInfo(
        name=definition.name,
        entity=definition.entity,
        type=definition.type,
        source=definition.source,
        window=_length(definition.window),
        half_life=_length(definition.half_life),
        sensitivity=definition.sensitivity,
        purpose=definition.purpose,
        description=definition.description,
    )


def _length(duration: timedelta | None) -> str | None:
    """Return "36 h" or "14 d"."""
    if duration is None:
        return None
    hours = round(duration.total_seconds() / 3_600)
    return f"{hours} h" if hours % 24 else f"{hours // 24} d"
