"""The full battery: what models answer to the same questions, as means with intervals, and where each is good or not.

Says nothing of how answers came about, so that every kind of model is judged by the same code.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml import listmetrics, metrics
from apps.recommend.ml.intervals import Clusters, Interval, Values, mean_interval, mean_intervals
from apps.recommend.ml.split import Questions
from apps.recommend.training.assessment import Assessed, Assessment, Figure, Group

CUTS = (5, 10, 20)
SLATE = 10
CURVE = 50
# An item that fewer events than this were learned from is cold; so is a shopper of whom no more than this is known.
COLD_ITEM_EVENTS = 5
COLD_SHOPPER_EVENTS = 2
_REPEATS = 500
_MAIN = ("recall@10", "ndcg@10", "mrr@10")
Groups = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and what is known of the items.

    counts: int64 [n_items], events learned from; category: int32 [n_items], -1 for none
    vectors: [n_items, d] of length 1, by content; None where items are not described
    """

    questions: Questions
    counts: NDArray[np.int64]
    category: NDArray[np.int32]
    vectors: sparse.csr_array | NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """better, tied: int64 [n], see `ml.metrics`
    slates: int32 [n, k], best first, -1 padded, of which the first 10 are judged; None where only places are known
    """

    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    slates: NDArray[np.int32] | None = None


def assess(asked: Asked, answers: Mapping[str, Answers], *, seed: int) -> Assessment:
    """Return the figures of each model by name, the first being the judged one; one is to be `popularity`.

    Intervals are bootstrap ones over shoppers (or sessions). Raises ValueError without questions or models.
    """
    if not len(asked.questions) or not answers:
        message = "there is nothing to assess: it takes at least one question and one model"
        raise ValueError(message)
    plain = _plain_list(asked.counts)
    return Assessment(
        questions=len(asked.questions),
        models={name: _assess_one(asked, own, plain, seed) for name, own in answers.items()},
        differences=_differences(asked.questions.sequence, answers, seed),
    )


def per_question(better: NDArray[np.int64], tied: NDArray[np.int64]) -> dict[str, Values]:
    """Return every metric by name, float64 [n] each; with one right answer some are the same by definition."""
    found: dict[str, Values] = {}
    for k in CUTS:
        found[f"recall@{k}"] = metrics.recall(better, tied, k)
        found[f"ndcg@{k}"] = metrics.ndcg(better, tied, k)
        found[f"mrr@{k}"] = metrics.mrr(better, tied, k)
    return found | {f"hit_rate@{SLATE}": found[f"recall@{SLATE}"], f"map@{SLATE}": found[f"mrr@{SLATE}"]}


def _assess_one(asked: Asked, own: Answers, plain: NDArray[np.int32], seed: int) -> Assessed:
    values, cluster = per_question(own.better, own.tied), asked.questions.sequence
    tens = {"recall@10": values["recall@10"]}
    slates = None if own.slates is None else own.slates[:, :SLATE]
    curve = [float(metrics.recall(own.better, own.tied, k).mean()) for k in range(1, CURVE + 1)]
    return Assessed(
        groups=_grouped(values, _groups(asked), cluster, seed),
        slates={} if slates is None else _slate_figures(asked, slates, plain, seed),
        coverage=None if slates is None else listmetrics.coverage(slates, len(asked.counts)),
        gini=None if slates is None else listmetrics.gini(slates, len(asked.counts)),
        offered=float((own.better >= 0).mean()),
        curve=curve,
        by_popularity=_grouped(
            tens, _bands(asked.counts[asked.questions.targets], (0, 4, 9, 19, 49, 99)), cluster, seed
        ),
        by_history=_grouped(tens, _bands(asked.questions.lengths, (0, 1, 2, 4, 9, 19)), cluster, seed),
    )


def _plain_list(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the items that everybody would be shown."""
    return np.argsort(-counts, kind="stable")[:SLATE].astype(np.int32)


def _groups(asked: Asked) -> Groups:
    cold_item = asked.counts[asked.questions.targets] < COLD_ITEM_EVENTS
    cold_shopper = asked.questions.lengths <= COLD_SHOPPER_EVENTS
    return {
        "all": np.ones(len(cold_item), dtype=np.bool_),
        "warm": ~cold_item & ~cold_shopper,
        "cold_items": cold_item,
        "cold_shoppers": cold_shopper,
    }


def _bands(values: NDArray[np.int64], ends: tuple[int, ...]) -> Groups:
    """Return the questions by value: up to each end, and above the last."""
    number = np.searchsorted(np.array(ends), values, side="left")
    starts = (0, *(end + 1 for end in ends))
    names = [str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=False)]
    return {name: number == place for place, name in enumerate([*names, f"{starts[-1]}+"])}


def _grouped(values: dict[str, Values], groups: Groups, cluster: Clusters, seed: int) -> dict[str, Group]:
    table = np.column_stack(list(values.values()))
    found: dict[str, Group] = {}
    for name, chosen in groups.items():
        if chosen.any():
            each = mean_intervals(table[chosen], seed=seed, cluster=cluster[chosen], repeats=_REPEATS)
            figures = {metric: _figure(interval) for metric, interval in zip(values, each, strict=True)}
            found[name] = Group(int(np.count_nonzero(chosen)), figures)
    return found


def _slate_figures(asked: Asked, slates: NDArray[np.int32], plain: NDArray[np.int32], seed: int) -> dict[str, Figure]:
    questions = asked.questions
    found = {
        "novelty": listmetrics.novelty(slates, asked.counts),
        "miscalibration": listmetrics.miscalibration(slates, questions.indptr, questions.rows, asked.category),
        "serendipity": listmetrics.serendipity(slates, questions.targets, plain),
        "unexpectedness": listmetrics.unexpectedness(slates, plain),
    }
    if asked.vectors is not None:
        found["diversity"] = listmetrics.diversity(slates, asked.vectors)
    figures: dict[str, Figure] = {}
    for name, values in found.items():
        judged = np.isfinite(values)
        if judged.any():
            cluster = questions.sequence[judged]
            figures[name] = _figure(mean_interval(values[judged], seed=seed, cluster=cluster, repeats=_REPEATS))
    return figures


def _differences(cluster: Clusters, answers: Mapping[str, Answers], seed: int) -> dict[str, dict[str, Figure]]:
    """Return by how much the first is above each other on the same questions, in what people look at first."""
    tables = {name: _main_figures(own) for name, own in answers.items()}
    first, *others = tables
    found: dict[str, dict[str, Figure]] = {}
    for other in others:
        each = mean_intervals(tables[first] - tables[other], seed=seed, cluster=cluster, repeats=_REPEATS)
        found[other] = {metric: _figure(interval) for metric, interval in zip(_MAIN, each, strict=True)}
    return found


def _main_figures(own: Answers) -> Values:
    values = per_question(own.better, own.tied)
    return np.column_stack([values[metric] for metric in _MAIN])


def _figure(interval: Interval) -> Figure:
    return Figure(*(round(end, 6) for end in interval))
