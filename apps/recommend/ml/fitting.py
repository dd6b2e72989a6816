"""From events and content to an engine: the tables of all sources, and a ranker that never saw its own answers.

The ranker is taught by tables made without the items that it is asked for; then the tables are made of everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.engine import Engine, Histories, find
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.latent import fit_latent
from apps.recommend.ml.nearest import nearest
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.paircounts import PairCounts, factors
from apps.recommend.ml.pairtable import count
from apps.recommend.ml.popularity import fit_popularity
from apps.recommend.ml.questions import Asked, ask, divide_by_last, divide_by_newest, draw
from apps.recommend.ml.ranker import Lesson, fit_ranker, join, make_lesson
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.sessionknn import index_sessions
from apps.recommend.ml.tables import Lists, Tables, Weights, make_lists, make_mix, no_lists, read_only
from apps.recommend.ml.trees import Trees, no_trees

_AT_ONCE = 4_000  # questions whose candidates are held in memory together
Progress = Callable[[str, float], object]
Count = Callable[[Sequences, int, CovisitationParams], PairCounts]


@dataclass(frozen=True, slots=True)
class Material:
    """What an engine is fitted from.

    events: those of known shoppers, by sequence and time; everyone: these and those of nobody, for popularity
    content: the nearest items by content, None without; n_items: how many rows there are
    """

    events: Sequences
    everyone: Sequences
    content: Neighbours | None
    n_items: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """An engine, and the counts that its co-visitation is made of, to which later events are added."""

    engine: Engine
    counts: PairCounts


def ignore(_step: str, _share: float) -> None:
    """Tell nobody."""


def fit_engine(
    material: Material, params: EngineParams, *, seed: int, progress: Progress = ignore, count_pairs: Count = count
) -> Fitted:
    """Return the engine fitted on all events, its ranker taught on the last or the newest of them.

    progress: told the step and the share of it that is done
    """
    trees = teach(material, params, seed=seed, progress=progress, count_pairs=count_pairs)
    progress("tables", 0.0)
    tables, counts = fit_tables(material, params, seed=seed, count_pairs=count_pairs)
    return Fitted(Engine(tables, make_mix(params.mix), trees), counts)


def fit_tables(
    material: Material, params: EngineParams, *, seed: int, count_pairs: Count = count
) -> tuple[Tables, PairCounts]:
    """Return what every source learns from the material, and the counts of pairs."""
    size = material.n_items
    counts = count_pairs(material.events, size, params.covisitation)
    latent, vectors = _vectors(counts, params, seed)
    content = no_lists(size) if material.content is None else make_lists(*material.content)
    kept = _Kept(latent=latent, content=content, vectors=vectors)
    return _with_events(kept, counts, material, params, count_pairs), counts


def _vectors(counts: PairCounts, params: EngineParams, seed: int) -> tuple[Lists, Weights]:
    vectors = fit_latent(_matrix(counts), size=params.latent.size, seed=seed)
    size = len(counts.length)
    return nearest(vectors, params.latent.neighbours) if params.mix.latent > 0 else no_lists(size), read_only(vectors)


def refit_tables(
    tables: Tables, material: Material, params: EngineParams, *, seed: int | None = None, count_pairs: Count = count
) -> tuple[Tables, PairCounts]:
    """Return the tables with all that is counted made anew of the material; vectors and likeness stay as they are.

    seed: vectors are made anew as well, for kept ones may know events that the material ends before
    """
    counts = count_pairs(material.events, material.n_items, params.covisitation)
    kept = _Kept(latent=tables.latent, content=tables.content, vectors=tables.vectors)
    if seed is not None:
        latent, vectors = _vectors(counts, params, seed)
        kept = replace(kept, latent=latent, vectors=vectors)
    return _with_events(kept, counts, material, params, count_pairs), counts


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a refresh keeps."""

    latent: Lists
    content: Lists
    vectors: Weights


def _with_events(
    kept: _Kept, counts: PairCounts, material: Material, params: EngineParams, count_pairs: Count
) -> Tables:
    lists, row_factor, column_factor = to_tables(counts, params.covisitation)
    return Tables(
        covisitation=lists,
        row_factor=row_factor,
        column_factor=column_factor,
        transitions=_transitions(material, params, count_pairs),
        latent=kept.latent,
        content=kept.content,
        vectors=kept.vectors,
        popularity=_popularity(material, params.popularity.half_life_days),
        recent=_popularity(material, params.popularity.recent_half_life_days),
        sessions=index_sessions(
            material.events, material.n_items, most=params.sessions.most if params.mix.neighbours > 0 else 0
        ),
    )


def to_tables(counts: PairCounts, params: CovisitationParams) -> tuple[Lists, Weights, Weights]:
    """Return counts as the engine reads them: lists, and the factors by row and by column."""
    rows, columns = factors(
        counts, row_exponent=params.row_exponent, column_exponent=params.column_exponent, smoothing=params.smoothing
    )
    lists = Lists(*(read_only(part) for part in (counts.start, counts.length, counts.indices, counts.counts)))
    return lists, read_only(rows), read_only(columns)


def teach(
    material: Material, params: EngineParams, *, seed: int, progress: Progress = ignore, count_pairs: Count = count
) -> Trees:
    """Return the ranker, taught on questions that nothing else was learned from; none where nobody can be asked."""
    wanted = params.ranker
    if wanted.trees == 0:
        return no_trees()
    rng = np.random.default_rng(seed)
    divided = (
        divide_by_newest(material.events, share=wanted.newest)
        if wanted.newest > 0
        else divide_by_last(material.events, labels=wanted.labels)
    )
    divided = draw(divided, most=wanted.questions, rng=rng)
    if len(divided.ends) < wanted.least_questions:
        return no_trees()
    progress("tables for the ranker", 0.0)
    known = replace(material, events=divided.before, everyone=divided.before)
    tables, _ = fit_tables(known, params, seed=seed, count_pairs=count_pairs)
    engine = Engine(tables, make_mix(params.mix), no_trees())
    asked = ask(material.events, divided, newest=4 * params.mix.max_history)
    lesson = _lesson(engine, asked, params, rng, progress)
    progress("ranker", 0.0)
    return fit_ranker(lesson, wanted, seed=seed)


def _lesson(engine: Engine, asked: Asked, params: EngineParams, rng: np.random.Generator, progress: Progress) -> Lesson:
    lessons = []
    for begin in range(0, len(asked.targets), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(asked.targets))
        start = asked.histories.start[begin : end + 1]
        part = Histories(start - start[0], asked.histories.rows[start[0] : start[-1]])
        found = find(engine, part, keep_lines=True)
        lessons.append(make_lesson(found, asked.targets[begin:end], params.ranker, rng))
        progress("questions", end / len(asked.targets))
    return join(lessons)


def _transitions(material: Material, params: EngineParams, count_pairs: Count) -> Lists:
    if params.mix.transitions == 0:
        return no_lists(material.n_items)
    counts = count_pairs(material.events, material.n_items, params.transitions)
    lists, rows, columns = to_tables(counts, params.transitions)
    row_of = np.repeat(np.arange(material.n_items), lists.length)
    return lists._replace(weights=read_only(lists.weights * rows[row_of] * columns[lists.indices]))


def _matrix(counts: PairCounts) -> sparse.csr_array:
    indptr = np.concatenate(([0], np.cumsum(counts.length)))
    return sparse.csr_array((counts.counts, counts.indices, indptr), shape=(len(counts.length),) * 2)


def _popularity(material: Material, half_life_days: float) -> Weights:
    seen = material.everyone
    found = fit_popularity(seen.item, seen.weight, seen.time, material.n_items, half_life_days=half_life_days)
    return read_only(found)
