"""Compiling beforehand: a first answer or fit of a few items, so that no shopper and no measurement waits for it.

What is compiled lies on disk afterwards (see `compiled`): another process only loads it.
"""

import numpy as np

from apps.recommend.ml.engine import Histories, find, score
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.fitting import Material, fit_engine
from apps.recommend.ml.livepairs import changes_of
from apps.recommend.ml.pairgrowth import Growing
from apps.recommend.ml.ranker import RankerParams
from apps.recommend.ml.selection import first_allowed, holds, places_left
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.slate import choose
from apps.recommend.ml.slateparts import Likeness, Limits, Trying
from apps.recommend.ml.tables import MixParams, read_only
from apps.recommend.ml.trying import best_chances

_SEQUENCES, _ITEMS, _LENGTH = 40, 12, 6


def warm_up() -> None:
    """Fit an engine of a few items and ask it, in every way that training and serving do."""
    events = _walks()
    params = EngineParams(
        mix=MixParams(neighbours=0.1, transitions=0.1, candidates=8),
        ranker=RankerParams(labels=1, least_questions=1, least_in_leaf=2, trees=2),
    )
    fitted = fit_engine(Material(events, events, None, _ITEMS), params, seed=1)
    find(fitted.engine, Histories(np.array([0, 3], dtype=np.int64), events.item[:3]))
    score(fitted.engine, events.item[:3], shares=np.ones(3, dtype=np.float32), limit=4)
    nothing = Sequences(events.sequence[:0], events.item[:0], events.weight[:0], events.time[:0])
    change = changes_of(before=nothing, after=events, n_items=_ITEMS, params=params.covisitation)
    Growing(fitted.counts).add(change)
    warm_slates()


def warm_slates() -> None:
    """Choose a slate of a few items in every way that an answer does; a process that did so waits no more for it."""
    anything, nobody = read_only(np.ones(_ITEMS, dtype=np.bool_)), np.zeros(1, dtype=np.int32)
    first_allowed(read_only(np.arange(_ITEMS, dtype=np.int32)), anything, nobody, 2)
    places_left(np.arange(_ITEMS, dtype=np.int32), nobody, 2)
    holds(nobody, 1)
    holds(np.zeros(0, dtype=np.int32), 1)
    groups = np.zeros((1, _ITEMS), dtype=np.int32)
    limits = Limits(np.zeros(1, dtype=np.int8), groups, np.ones(1, dtype=np.int32), np.zeros(1))
    alike = Likeness(groups, np.ones(1), 0.5, dpp=False)
    chances = best_chances(np.zeros(_ITEMS), np.ones(_ITEMS), usual=0.02, strength=1.0)
    trying = Trying(0.5, chances, np.full((2, 2), 0.5))
    scores = np.ones(_ITEMS, dtype=np.float32)
    choose(scores, 2, pins=np.zeros(1, dtype=np.int32), limits=limits, likeness=alike, trying=trying)


def _walks() -> Sequences:
    sequence = np.repeat(np.arange(_SEQUENCES, dtype=np.int32), _LENGTH)
    place = np.tile(np.arange(_LENGTH, dtype=np.int32), _SEQUENCES)
    item = ((sequence * 5 + place) % _ITEMS).astype(np.int32)
    return Sequences(sequence, item, np.ones(len(item)), (sequence * 86_400.0 + place * 60.0).astype(np.float64))


if __name__ == "__main__":
    warm_up()
