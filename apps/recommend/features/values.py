"""Values of features, through the consent filter: a definition whose purposes are not all granted is never asked."""

from collections.abc import Iterable, Mapping, Sequence

from apps.recommend.features.counted import Counts, keys_of, read_counts, spans_of
from apps.recommend.features.define import (
    BatchDefinition,
    CountDefinition,
    Definition,
    Entity,
    ShopperReading,
    StateDefinition,
    Value,
)
from apps.recommend.features.definitions import DEFINITIONS
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.state import CountKey, ShopperState
from apps.recommend.features.touches import still_true

STATE_DEFINITIONS = tuple(found for found in DEFINITIONS if isinstance(found, StateDefinition))
BATCH_DEFINITIONS = tuple(found for found in DEFINITIONS if isinstance(found, BatchDefinition))
COUNT_DEFINITIONS = tuple(found for found in DEFINITIONS if isinstance(found, CountDefinition))


def values_of(
    state: ShopperState,
    *,
    purposes: frozenset[str],
    now: float,
    weights: Mapping[str, float],
    facts: ItemFacts,
    definitions: Sequence[StateDefinition] = STATE_DEFINITIONS,
) -> dict[str, Value]:
    """Return the values of a shopper by name, of those definitions alone to which `purposes` has consent.

    now: seconds since 1970; weights: by event type
    """
    granted = [definition for definition in definitions if definition.needed <= purposes]
    if not granted:
        return {}
    touches = still_true(state.recent)
    general = [touch for touch in touches if not facts.is_health(touch.item_id)]
    plain = ShopperReading(state=state, now=now, weights=weights, facts=facts, touches=general)
    health = touches[:0]
    if any(definition.sensitivity == "health" for definition in granted):
        health = [touch for touch in touches if facts.is_health(touch.item_id)]
    careful = ShopperReading(state=state, now=now, weights=weights, facts=facts, touches=health, of_health=True)
    return {
        definition.name: definition.compute(careful if definition.sensitivity == "health" else plain)
        for definition in granted
    }


def left_out(purposes: frozenset[str], definitions: Iterable[Definition] = STATE_DEFINITIONS) -> list[Definition]:
    """Return the definitions that `purposes` has no consent to."""
    return [definition for definition in definitions if not definition.needed <= purposes]


def counted_definitions(entity: Entity) -> tuple[CountDefinition, ...]:
    """Return the definitions of items, or those of placements, that are made of counts."""
    return tuple(definition for definition in COUNT_DEFINITIONS if definition.entity == entity)


def keys_for(definitions: Iterable[CountDefinition], *, site_id: str, name: str, now: float) -> list[CountKey]:
    """Return every key that the definitions read of an item or placement of this name, each once."""
    spans = keys_of(spans_of(definitions), site_id=site_id, name=name, now=now)
    return list(dict.fromkeys(key for keys in spans.values() for key in keys))


def counted_values_of(
    counts: Counts, definitions: Sequence[CountDefinition], *, site_id: str, name: str, now: float
) -> dict[str, Value]:
    """Return the values of an item or placement by name."""
    keys = keys_of(spans_of(definitions), site_id=site_id, name=name, now=now)
    reading = read_counts(counts, keys, name=name, now=now)
    return {definition.name: definition.compute(reading) for definition in definitions}
