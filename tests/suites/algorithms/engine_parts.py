"""Adapters of the engine and its parts: transitions, latent vectors, session neighbours, all of these, the ranker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml import nearest as nearest_module
from apps.recommend.ml.engine import Engine, Histories, find
from apps.recommend.ml.engineparams import EngineParams, LatentParams
from apps.recommend.ml.fitting import Material, fit_engine, fit_tables
from apps.recommend.ml.nearest import nearest
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.ranker import Lesson, RankerParams, fit_ranker
from apps.recommend.ml.sessionknn import index_sessions
from apps.recommend.ml.signals import WIDTH
from apps.recommend.ml.tables import MixParams, Tables, make_mix
from apps.recommend.ml.trees import add_up, no_trees
from tests.suites.algorithms.fitted import EACH_OTHER, content
from tests.suites.algorithms.subjects import (
    UNSEEN,
    Algorithm,
    Arrays,
    Chains,
    Shape,
    list_maker,
    to_sequences,
    to_vectors,
)

CANDIDATES = 5
PARAMS = EngineParams(
    latent=LatentParams(size=8, neighbours=3),
    mix=MixParams(transitions=0.5, neighbours=0.5, candidates=CANDIDATES),
    ranker=RankerParams(labels=1, least_questions=1, trees=3, least_in_leaf=2),
)
ONLY_SESSIONS = replace(
    PARAMS, mix=MixParams(covisitation=0.0, latent=0.0, content=0.0, neighbours=1.0, candidates=CANDIDATES)
)


def material(chains: Chains, n_items: int) -> Material:
    events = to_sequences(chains)
    return Material(events=events, everyone=events, content=content(chains, n_items, 0), n_items=n_items)


@contextmanager
def small_blocks() -> Iterator[None]:
    """Cosines are made in small blocks, one at a time: what they take is to be seen, and the same each time."""
    with patch.object(nearest_module, "_BLOCK", 32), patch.object(nearest_module, "_THREADS", 1):
        yield


def tables(chains: Chains, n_items: int, seed: int) -> Tables:
    with small_blocks():
        return fit_tables(material(chains, n_items), PARAMS, seed=seed)[0]


def transitions(chains: Chains, n_items: int, seed: int) -> Arrays:
    return tables(chains, n_items, seed).transitions._asdict()


def told_lists(arrays: Arrays) -> list[list[int]]:
    places = zip(arrays["start"].tolist(), arrays["length"].tolist(), strict=True)
    return [arrays["indices"][start : start + length].tolist() for start, length in places]


def latent(chains: Chains, n_items: int, seed: int) -> Arrays:
    return {"vectors": tables(chains, n_items, seed).vectors}


def latent_lists(chains: Chains, n_items: int, _: int) -> Neighbours:
    with small_blocks():
        lists = nearest(to_vectors(chains, n_items).astype(np.float32), 3)
    indptr = np.append(lists.start, lists.start[-1:] + lists.length[-1:] if n_items else [0])
    return Neighbours(indptr.astype(np.int32), lists.indices, lists.weights)


def sessions(chains: Chains, n_items: int, _: int) -> Arrays:
    return index_sessions(to_sequences(chains), n_items, most=10_000)._asdict()


def told_sessions(arrays: Arrays) -> list[list[int]]:
    bounds = arrays["item_start"].tolist()
    return [arrays["item_sessions"][bounds[row] : bounds[row + 1]].tolist() for row in range(len(bounds) - 1)]


def _ask_each(engine: Engine, n_items: int) -> Arrays:
    """Ask with each item alone as the history."""
    rows = np.arange(n_items, dtype=np.int32)
    found = find(engine, Histories(np.arange(n_items + 1, dtype=np.int64), rows))
    return {"rows": found.rows, "scores": found.scores, "size": found.size}


def told_first(arrays: Arrays) -> list[list[int]]:
    """Return the best candidate of each question, as a list of none or one."""
    return [rows[: min(size, 1)] for rows, size in zip(arrays["rows"].tolist(), arrays["size"].tolist(), strict=True)]


def session_neighbours(chains: Chains, n_items: int, seed: int) -> Arrays:
    made = fit_tables(material(chains, n_items), ONLY_SESSIONS, seed=seed)[0]
    return _ask_each(Engine(made, make_mix(ONLY_SESSIONS.mix), no_trees()), n_items)


def union(chains: Chains, n_items: int, seed: int) -> Arrays:
    return _ask_each(Engine(tables(chains, n_items, seed), make_mix(PARAMS.mix), no_trees()), n_items)


def whole(chains: Chains, n_items: int, seed: int) -> Arrays:
    with small_blocks():
        engine = fit_engine(material(chains, n_items), PARAMS, seed=seed).engine
    return _ask_each(engine, n_items)


def _lines(chosen: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
    """Return lines whose first number says whether the item was chosen, and whose others say nothing."""
    lines = np.random.default_rng(seed).random((len(chosen), WIDTH)).astype(np.float32)
    lines[:, 0] = chosen
    return lines


def ranker(chains: Chains, n_items: int, seed: int) -> Arrays:
    """Each of the first chains is a question that three times asks of every item whether it is in the chain."""
    inside = np.zeros((min(len(chains), 20), n_items), dtype=np.bool_)
    for number, chain in enumerate(chains[:20]):
        inside[number, list(chain)] = True
    right = np.tile(inside.ravel(), 3)
    lesson = Lesson(_lines(right, seed), right, len(chains), np.ones(len(right), dtype=np.float32))
    trees = fit_ranker(lesson, PARAMS.ranker, seed=seed) if right.any() else no_trees()
    scores = np.zeros(n_items, dtype=np.float32)
    if len(trees.root):
        add_up(trees, _lines(np.asarray(inside.any(axis=0)), seed + 1), scores)
    return {"scores": scores}


_ANSWERS: dict[str, tuple[str, Shape]] = {
    "rows": ("int32", ("items", str(CANDIDATES))),
    "scores": ("float32", ("items", str(CANDIDATES))),
    "size": ("int32", ("items",)),
}


def _answering(name: str, run: object) -> Algorithm:
    assert callable(run)
    return Algorithm(
        name=name,
        run=run,
        arrays=_ANSWERS,
        told=told_first,
        known=EACH_OTHER,
        unseen=lambda arrays: arrays["size"][UNSEEN] == 0 and UNSEEN not in arrays["rows"],
        of_nothing=[[], [], [], []],
    )


LATENT_LISTS = list_maker("latent lists", latent_lists, EACH_OTHER)
ENGINE_PARTS = [
    LATENT_LISTS,
    Algorithm(
        name="transitions",
        run=transitions,
        arrays={
            "start": ("int64", ("items",)),
            "length": ("int32", ("items",)),
            "indices": ("int32", ("any",)),
            "weights": ("float32", ("any",)),
        },
        told=told_lists,
        known=[[1], [], [3], [], []],
        unseen=lambda arrays: arrays["length"][UNSEEN] == 0 and UNSEEN not in arrays["indices"],
        of_nothing=[[], [], [], []],
    ),
    Algorithm(
        name="latent vectors",
        run=latent,
        arrays={"vectors": ("float32", ("items", "8"))},
        told=lambda arrays: np.round(np.linalg.norm(arrays["vectors"], axis=1), 4).tolist(),
        known=[1.0] * 4 + [0.0],
        unseen=lambda arrays: not arrays["vectors"][UNSEEN].any(),
        of_nothing=[0.0] * 4,
    ),
    Algorithm(
        name="session index",
        run=sessions,
        arrays={
            "item_start": ("int64", ("items + 1",)),
            "item_sessions": ("int32", ("any",)),
            "session_start": ("int64", ("any",)),
            "session_items": ("int32", ("any",)),
            "age": ("float32", ("any",)),
        },
        told=told_sessions,
        known=[[3, 0], [3, 0], [2, 1], [2, 1], []],
        unseen=lambda arrays: UNSEEN not in arrays["session_items"],
        of_nothing=[[], [], [], []],
    ),
    _answering("session neighbours", session_neighbours),
    _answering("candidates of all sources", union),
    _answering("engine", whole),
    Algorithm(
        name="ranker",
        run=ranker,
        arrays={"scores": ("float32", ("items",))},
        told=lambda arrays: (arrays["scores"] > 0).tolist(),
        known=[True] * 4 + [False],
        unseen=lambda arrays: bool(arrays["scores"][UNSEEN] < arrays["scores"][0]),
        of_nothing=[False] * 4,
    ),
]
