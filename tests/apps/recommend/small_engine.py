"""Engines made by hand: what comes after what, what is like what, and how popular each is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from apps.recommend.ml.engine import Engine
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.neighbours import Neighbours, keep_top
from apps.recommend.ml.tables import Lists, MixParams, Sessions, Tables, make_lists, make_mix, no_lists, read_only
from apps.recommend.ml.trees import no_trees

Triples = Sequence[tuple[int, int, float]]
MIX = MixParams(history_decay=0.7, latent=0.0, content=0.1, popularity=0.0, neighbours=0.0)


def make_params(**mix: Any) -> EngineParams:
    """Return the usual parameters with a mix of two sources, or with these values of it."""
    return EngineParams(mix=MixParams(**({name: getattr(MIX, name) for name in MIX.__slots__} | mix)))


def make_engine(
    popularity: Sequence[float], *, after: Triples = (), alike: Triples = (), params: EngineParams | None = None
) -> Engine:
    """Return an engine in which (row, column, weight) of `after` follow, and those of `alike` are alike."""
    size = len(popularity)
    ones = read_only(np.ones(size, dtype=np.float32))
    shown = read_only(np.array(popularity, dtype=np.float32))
    nobody = read_only(np.empty(0, dtype=np.int32))
    tables = Tables(
        covisitation=_by_column(after, size),
        row_factor=ones,
        column_factor=ones,
        transitions=no_lists(size),
        latent=no_lists(size),
        content=make_lists(*_lists(alike, size)),
        vectors=read_only(np.zeros((size, 2), dtype=np.float32)),
        popularity=shown,
        recent=shown,
        sessions=Sessions(
            item_start=read_only(np.zeros(size + 1, dtype=np.int64)),
            item_sessions=nobody,
            session_start=read_only(np.zeros(1, dtype=np.int64)),
            session_items=nobody,
            age=read_only(np.empty(0, dtype=np.float32)),
        ),
    )
    return Engine(tables, make_mix((params or make_params()).mix), no_trees())


def _by_column(triples: Triples, size: int) -> Lists:
    table = _table(triples, size)
    return make_lists(table.indptr, table.indices, table.data)


def _lists(triples: Triples, size: int) -> Neighbours:
    return keep_top(_table(triples, size), size)


def _table(triples: Triples, size: int) -> sparse.csr_array:
    rows, columns, weights = zip(*triples, strict=True) if triples else ((), (), ())
    table = sparse.coo_array((np.array(weights, dtype=np.float64), (rows, columns)), shape=(size, size)).tocsr()
    table.sort_indices()
    return table
