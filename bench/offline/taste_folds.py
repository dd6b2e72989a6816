"""Ratings as random folds: nothing of time in the split, every unseen item ranked, several right answers a user.

A rating of any height counts as chosen. Settings of every method, ours included, are chosen anew in each fold on a part
of what it may learn from; what is held out is asked once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.setmetrics import Places, ndcg, recall
from bench.offline.child import Work
from bench.offline.measure import Fit
from specrec.datasets.base import read_lines, single_file
from specrec.kernel.errors import Invalid

DEPTH = 10
VALIDATION_SHARE = 0.125
_FIELDS = ("user_id", "item_id", "timestamp")


@dataclass(frozen=True, slots=True)
class Ratings:
    """Who chose what and when: user, item int32 [n], rows; time float64 [n], seconds."""

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    time: NDArray[np.float64]
    n_users: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Part:
    """What may be learned from. matrix: ones, float32 [users, items]; sequences: the same in the order of time."""

    matrix: sparse.csr_matrix
    sequences: Sequences


# What may be learned from, and a seed -> scores float32 [users, items].
TasteFit = Callable[[Part, int], NDArray[np.float32]]


def of_matrix(fit: Fit) -> TasteFit:
    """Return how a method that knows no order scores everybody."""

    def scores(part: Part, seed: int) -> NDArray[np.float32]:
        return fit(part.matrix, seed)(part.matrix, np.arange(part.matrix.shape[0]))

    return scores


def read_ratings(folder: Path) -> Ratings:
    """Return the ratings of a `*.inter` file (tab-separated, named and typed columns); raises Invalid."""
    path = single_file(folder, "*.inter")
    header, *lines = read_lines(path)
    names = [column.partition(":")[0] for column in header.split("\t")]
    if not set(_FIELDS) <= set(names):
        message = f"{path.name} has the columns {', '.join(names)}; {', '.join(_FIELDS)} are needed."
        raise Invalid(message, code="dataset_file", field="path")
    table = np.array([line.split("\t") for line in lines if line])
    user, item, time = (table[:, names.index(name)] for name in _FIELDS)
    users, user_row = np.unique(user, return_inverse=True)
    items, item_row = np.unique(item, return_inverse=True)
    return Ratings(
        user_row.astype(np.int32), item_row.astype(np.int32), time.astype(np.float64), len(users), len(items)
    )


def measure_taste(settings: Mapping[str, TasteFit], work: Work) -> Work:
    """Return NDCG@10 and recall@10 by fold of the best of the settings, and which was chosen."""
    ratings = read_ratings(Path(work["folder"]))
    rng = np.random.default_rng(work["seed"])
    fold_of = rng.permutation(len(ratings.user)) % work["folds"]
    folds = []
    for fold in range(work["folds"]):
        learned, asked = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        chosen = _choose(settings, ratings, rng.permutation(learned), work["seed"])
        part = part_of(ratings, learned)
        figures = ask(settings[chosen](part, work["seed"]), part, ratings, asked)
        folds.append(figures | {"fold": fold, "settings": chosen})
    means = {key: round(float(np.mean([one[key] for one in folds])), 5) for key in ("ndcg@10", "recall@10")}
    return means | {"folds": folds}


def _choose(settings: Mapping[str, TasteFit], ratings: Ratings, shuffled: NDArray[np.int64], seed: int) -> str:
    if len(settings) == 1:
        return next(iter(settings))
    held = int(len(shuffled) * VALIDATION_SHARE)
    part = part_of(ratings, shuffled[held:])
    scored = {name: ask(fit(part, seed), part, ratings, shuffled[:held])["ndcg@10"] for name, fit in settings.items()}
    return max(scored, key=lambda name: scored[name])


def part_of(ratings: Ratings, chosen: NDArray[np.int64]) -> Part:
    """Return these ratings as something to learn from."""
    order = chosen[np.lexsort((ratings.item[chosen], ratings.time[chosen], ratings.user[chosen]))]
    user, item = ratings.user[order], ratings.item[order]
    shape = (ratings.n_users, ratings.n_items)
    matrix = sparse.csr_matrix((np.ones(len(user), dtype=np.float32), (user, item)), shape=shape)
    matrix.data[:] = 1.0
    return Part(matrix, Sequences(sequence=user, item=item, weight=np.ones(len(user)), time=ratings.time[order]))


def ask(scores: NDArray[np.float32], part: Part, ratings: Ratings, asked: NDArray[np.int64]) -> dict[str, float]:
    """Return the means over all users with something to find, over every item that they did not learn from."""
    masked = np.array(scores, dtype=np.float32)
    masked[part.matrix.nonzero()] = -np.inf
    order = asked[np.argsort(ratings.user[asked], kind="stable")]
    user, item = ratings.user[order], ratings.item[order]
    ascending = np.sort(masked, axis=1)
    better = np.empty(len(order), dtype=np.int64)
    tied = np.empty(len(order), dtype=np.int64)
    for place, (who, what) in enumerate(zip(user.tolist(), item.tolist(), strict=True)):
        low, high = (int(ascending[who].searchsorted(masked[who, what], side)) for side in ("left", "right"))
        better[place], tied[place] = ratings.n_items - high, high - low - 1
    counts = np.bincount(user)
    places = Places(np.concatenate(([0], np.cumsum(counts[counts > 0]))), better, tied)
    return {
        "ndcg@10": round(float(ndcg(places, DEPTH).mean()), 5),
        "recall@10": round(float(recall(places, DEPTH).mean()), 5),
    }
