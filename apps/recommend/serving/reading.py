"""The state of a site as it is now, made from the one before: what did not move is the same object."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend.columns import Shelf, make_shelf, move_shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.features.weights import find_weights
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.warming import warm_slates
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.rules.compile import CompiledRules, compile_rules
from apps.recommend.rules.stored import get_rules_stamp, read_published
from apps.recommend.selectors import list_placements
from apps.recommend.serving.laying import lay_model, try_model
from apps.recommend.serving.live import get_live
from apps.recommend.serving.prepared import prepare_sources
from apps.recommend.serving.ready import Memories, ReadySite
from apps.recommend.serving.sampling import find_share
from apps.recommend.serving.tries import find_tries
from apps.recommend.serving.variants import with_experiments


def read_site(site_id: str, held: ReadySite | None) -> ReadySite:
    """Return the state as it is now: the held one itself when nothing moved, with the same columns where they stand."""
    site = profiles.get_site(site_id=site_id)
    if held is None:
        warm_slates()
    columns = _read_columns(site, None if held is None else held.shelf.columns)
    loaded = get_loaded(site_id)
    pairs = None if loaded is None else get_live(site_id, loaded.stamp)
    placements = {info.placement: info for info in list_placements(site_id=site_id)}
    found: dict[str, Any] = {
        "loaded": loaded,
        "pairs": pairs,
        "shelf": _lay(columns, loaded, pairs, held),
        "rules": _read_rules(site, columns, None if held is None else held.rules),
        "placements": placements,
        "tries": find_tries(site_id=site_id, placements=placements.values()),
        "weights": find_weights(site_id=site_id),
        "trace_share": find_share(site_id=site_id),
    }
    prepare_sources(found["shelf"], placements.values())
    return with_experiments(_moved_on(held, found))


def _moved_on(held: ReadySite | None, found: dict[str, Any]) -> ReadySite:
    """Return the held state where nothing is other, else one with what is other and with memories that still hold."""
    if held is None:
        return ReadySite(**found, memories=Memories.of(found["shelf"].columns))
    other = {name: value for name, value in found.items() if not _is_same(getattr(held, name), value)}
    if not other:
        return held
    if "rules" in other or found["shelf"].columns is not held.shelf.columns:
        memories = held.memories.after(held.shelf.columns, found["shelf"].columns)
        moved = replace(held, **other, memories=memories)
        moved.warm_plans(held, time.time())
        return moved
    return replace(held, **other)


def _is_same(held: object, found: object) -> bool:
    """Return whether nothing moved. What holds arrays is the same object then, and need not be looked into."""
    return held is found or (_is_settings(found) and held == found)


def _is_settings(found: object) -> bool:
    values = found.values() if isinstance(found, dict) else (found,)
    return all(isinstance(value, float | PlacementInfo) for value in values)


def _lay(columns: ItemColumns, loaded: LoadedModel | None, pairs: PairCounts | None, held: ReadySite | None) -> Shelf:
    if held is None or held.loaded is not loaded:
        shelf = make_shelf(columns=columns, model=lay_model(loaded, pairs))
        try_model(shelf)
        return shelf
    shelf = held.shelf if held.shelf.columns is columns else move_shelf(held.shelf, columns)
    return shelf if held.pairs is pairs else replace(shelf, model=lay_model(loaded, pairs))


def _read_columns(site: SiteInfo, held: ItemColumns | None) -> ItemColumns:
    now = datetime.fromtimestamp(time.time(), UTC)
    if held is None:
        return catalog.open_columns(site_id=site.site_id, now=now)
    return catalog.refresh_columns(columns=held, now=now)


def _read_rules(site: SiteInfo, columns: ItemColumns, held: CompiledRules | None) -> CompiledRules:
    stamp = get_rules_stamp(site_id=site.site_id)
    if held is not None and (held.stamp, held.time_zone) == (stamp, site.time_zone):
        if held.columns is columns:
            return held
        return compile_rules(held.rules, columns=columns, time_zone=held.time_zone, stamp=stamp)
    written = read_published(site_id=site.site_id)
    return compile_rules(written, columns=columns, time_zone=site.time_zone, stamp=stamp)
