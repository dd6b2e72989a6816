"""The state of a site as it is now, made from the one before: what did not move is the same object."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.recommend.columns import make_shelf
from apps.recommend.features.weights import find_weights
from apps.recommend.registry.loaded import get_loaded
from apps.recommend.rules.compile import CompiledRules, compile_rules
from apps.recommend.rules.stored import get_rules_stamp, read_published
from apps.recommend.selectors import list_placements
from apps.recommend.serving.laying import lay_model, try_model
from apps.recommend.serving.live import get_live
from apps.recommend.serving.ready import Memories, ReadySite
from apps.recommend.serving.sampling import find_share


def read_site(site_id: str, held: ReadySite | None) -> ReadySite:
    """Return the state as it is now: the held one itself when nothing moved, with the same columns where they stand."""
    site = profiles.get_site(site_id=site_id)
    columns = _read_columns(site, None if held is None else held.shelf.columns)
    loaded = get_loaded(site_id)
    pairs = None if loaded is None else get_live(site_id, loaded.stamp)
    rules = _read_rules(site, columns, None if held is None else held.rules)
    placements = {info.placement: info for info in list_placements(site_id=site_id)}
    weights, share = find_weights(site_id=site_id), find_share(site_id=site_id)
    if held is None or held.shelf.columns is not columns or held.loaded is not loaded:
        shelf = make_shelf(columns=columns, model=lay_model(loaded, pairs))
        try_model(shelf)
        return ReadySite(
            shelf=shelf,
            loaded=loaded,
            placements=placements,
            rules=rules,
            weights=weights,
            pairs=pairs,
            trace_share=share,
        )
    if held.pairs is not pairs:
        held = replace(held, shelf=replace(held.shelf, model=lay_model(loaded, pairs)), pairs=pairs)
    if held.rules is not rules:
        held = replace(held, rules=rules, memories=Memories())
    if (held.placements, held.weights, held.trace_share) != (placements, weights, share):
        return replace(held, placements=placements, weights=weights, trace_share=share)
    return held


def _read_columns(site: SiteInfo, held: ItemColumns | None) -> ItemColumns:
    now = time.time()
    if held is None or held.next_change <= now or _moved(held, site):
        return catalog.load_columns(site_id=site.site_id, now=datetime.fromtimestamp(now, UTC))
    return held


def _moved(columns: ItemColumns, site: SiteInfo) -> bool:
    """Return whether the catalogue changed, or what of the site the columns were built with."""
    stamp = catalog.get_stamp(site_id=columns.site_id)
    return (columns.stamp, columns.currency, columns.locale) != (stamp, site.currency, site.locale)


def _read_rules(site: SiteInfo, columns: ItemColumns, held: CompiledRules | None) -> CompiledRules:
    stamp = get_rules_stamp(site_id=site.site_id)
    if held is not None and (held.stamp, held.time_zone) == (stamp, site.time_zone):
        return held if held.columns is columns else replace_columns(held, columns)
    written = read_published(site_id=site.site_id)
    return compile_rules(written, columns=columns, time_zone=site.time_zone, stamp=stamp)


def replace_columns(rules: CompiledRules, columns: ItemColumns) -> CompiledRules:
    """Return the same rules over other columns."""
    return compile_rules(rules.rules, columns=columns, time_zone=rules.time_zone, stamp=rules.stamp)
