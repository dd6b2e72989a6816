"""The child that asks a recipe for sequences, which lives on order, for taste: what does it cost to have only that?"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from apps.recommend.ml.setmetrics import Places, ndcg, recall
from apps.recommend.ml.tokens import Described
from bench import offline_engine
from bench.offline.child import Work, answer_parent
from bench.offline.data import pack
from bench.offline.taste_folds import DEPTH, Part, Ratings, part_of, read_ratings


def measure(work: Work) -> Work:
    """Return the figures of the recipe by fold."""
    ratings = read_ratings(Path(work["folder"]))
    fold_of = np.random.default_rng(work["seed"]).permutation(len(ratings.user)) % work["folds"]
    folds = []
    for fold in range(work["folds"]):
        part = part_of(ratings, np.flatnonzero(fold_of != fold))
        folds.append(
            _ask(part, ratings, np.flatnonzero(fold_of == fold), work) | {"fold": fold, "settings": "as it is"}
        )
    means = {key: round(float(np.mean([one[key] for one in folds])), 5) for key in ("ndcg@10", "recall@10")}
    return means | {"folds": folds}


def _ask(part: Part, ratings: Ratings, asked: np.ndarray, work: Work) -> dict[str, float]:
    blank = [""] * ratings.n_items
    described = Described(["generic"] * ratings.n_items, blank, blank, [{}] * ratings.n_items)
    recipe = offline_engine.recipe_named(work["recipe"])
    engine = offline_engine.fit(recipe, part.sequences, described, seed=work["seed"])
    asked = asked[np.argsort(ratings.user[asked], kind="stable")]
    ends = np.searchsorted(part.sequences.sequence, np.arange(ratings.n_users + 1))
    histories = [part.sequences.item[a:b].tolist() for a, b in pairwise(ends.tolist())]
    users = ratings.user[asked]
    questions = pack([histories[user] for user in users.tolist()], ratings.item[asked].tolist(), of_shoppers=True)
    answers = offline_engine.answer(engine, questions)
    counts = np.bincount(users)
    places = Places(np.concatenate(([0], np.cumsum(counts[counts > 0]))), answers.better, answers.tied)
    return {
        "ndcg@10": round(float(ndcg(places, DEPTH).mean()), 5),
        "recall@10": round(float(recall(places, DEPTH).mean()), 5),
    }


if __name__ == "__main__":
    answer_parent(measure)
