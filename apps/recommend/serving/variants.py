"""The experiments of a site, and the versions that their variants answer with laid over its columns."""

from collections.abc import Mapping
from dataclasses import replace

from apps.recommend.columns import Shelf
from apps.recommend.experiments.stored import read_live
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.registry.variants import load_variants
from apps.recommend.serving.laying import lay_over, try_model
from apps.recommend.serving.ready import ReadySite


def with_experiments(ready: ReadySite) -> ReadySite:
    """Return the state with the experiments that run now; itself where nothing moved."""
    live = read_live(ready.shelf.columns.site_id, ready.live)
    variants = _lay_variants(ready, live.models())
    if live is ready.live and variants is ready.variants:
        return ready
    return replace(ready, live=live, variants=variants)


def _lay_variants(ready: ReadySite, stamps: frozenset[str]) -> Mapping[str, tuple[LoadedModel, Shelf]]:
    """Return the versions but the promoted one, which answers anyway with the pairs counted since its training."""
    if not stamps and not ready.variants:
        return ready.variants
    own = None if ready.loaded is None else ready.loaded.stamp
    columns = ready.shelf.columns
    known = {stamp: pair[0] for stamp, pair in ready.variants.items()}
    held = {stamp: pair for stamp, pair in ready.variants.items() if pair[1].columns is columns}
    loaded = load_variants(columns.site_id, stamps - {own}, known)
    if held.keys() == ready.variants.keys() == loaded.keys():
        return ready.variants
    return {stamp: held.get(stamp) or (model, _lay(ready, model)) for stamp, model in loaded.items()}


def _lay(ready: ReadySite, model: LoadedModel) -> Shelf:
    shelf = lay_over(ready.shelf.columns, model)
    try_model(shelf)
    return shelf
