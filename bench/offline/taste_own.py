"""The child that measures our own algorithms on ratings: with no order, with the order of what was learned, and both.

What serves a shop lives on order. Taste without order is item neighbours and a shrunken SVD of who chose what: factors
whose strength is little above that of chance count less, the weakest not at all (soft thresholding of singular values:
Cai, Candès and Shen 2010).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.covisitation import CovisitationParams, fit_covisitation
from apps.recommend.ml.itemknn import ItemKnnParams, fit_itemknn, to_choices
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.projection import fit_components
from bench.offline.child import Work, answer_parent
from bench.offline.taste_folds import Part, TasteFit, measure_taste

FACTORS = 64
USER_EXPONENT, ITEM_EXPONENT = 0.25, 0.25
SHRINKAGE = (0.015, 0.02, 0.03)
ORDER_WEIGHTS = (0.0, 0.2, 0.5)


def popularity(part: Part, seed: int) -> NDArray[np.float32]:  # noqa: ARG001 - nothing is drawn
    """Return how often each item was chosen, the same for everybody."""
    return np.repeat(np.asarray(part.matrix.sum(axis=0), dtype=np.float32), part.matrix.shape[0], axis=0)


def item_knn(params: ItemKnnParams) -> TasteFit:
    """Return the sum of the likeness to what was chosen."""

    def scores(part: Part, seed: int) -> NDArray[np.float32]:  # noqa: ARG001 - nothing is drawn
        return _summed(part, fit_itemknn(to_choices(part.sequences, part.matrix.shape[1], params), params))

    return scores


def covisitation(params: CovisitationParams) -> TasteFit:
    """Return the sum of what was near to what was chosen, in the order in which others chose."""

    def scores(part: Part, seed: int) -> NDArray[np.float32]:  # noqa: ARG001 - nothing is drawn
        return _summed(part, fit_covisitation(part.sequences, part.matrix.shape[1], params))

    return scores


def shrunken_svd(shrinkage: float) -> TasteFit:
    """Return the choices seen through few directions.

    X = choices / (user count^a item count^b); score = X V diag(max(0, 1 - shrinkage s1^2 / s^2)) V' item count^b.
    """

    def scores(part: Part, seed: int) -> NDArray[np.float32]:
        chosen = sparse.csr_array(part.matrix)
        users = (np.asarray(chosen.sum(axis=1)).ravel() + 1.0) ** -USER_EXPONENT
        items = (np.asarray(chosen.sum(axis=0)).ravel() + 1.0) ** ITEM_EXPONENT
        scaled = sparse.csr_array(sparse.diags_array(users) @ chosen @ sparse.diags_array(1.0 / items))
        directions = fit_components(scaled, FACTORS, seed=seed)
        seen = scaled @ directions
        strength = (seen**2).sum(axis=0)
        kept = np.maximum(0.0, 1.0 - shrinkage * strength.max() / np.maximum(strength, 1e-12))
        return np.asarray((seen * kept) @ directions.T * items, dtype=np.float32)

    return scores


def blend(shrinkage: float, order: float) -> TasteFit:
    """Return the shrunken SVD and co-visitation, each in units of its spread for the user."""
    by_taste, by_order = shrunken_svd(shrinkage), covisitation(ORDER)

    def scores(part: Part, seed: int) -> NDArray[np.float32]:
        taste = _unit(by_taste(part, seed))
        return taste if order == 0.0 else taste + np.float32(order) * _unit(by_order(part, seed))

    return scores


def _summed(part: Part, lists: Neighbours) -> NDArray[np.float32]:
    size = part.matrix.shape[1]
    similar = sparse.csr_array((lists.weights, lists.indices, lists.indptr), shape=(size, size))
    return np.asarray((sparse.csr_array(part.matrix) @ similar).toarray(), dtype=np.float32)


def _unit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray(scores / np.where(spread > 0, spread, 1.0), dtype=np.float32)


ORDER = CovisitationParams(window=3, backward=1.0, pause_factor=1.0, column_exponent=0.4, top_k=300)
SETTINGS: dict[str, dict[str, TasteFit]] = {
    "popularity": {"count": popularity},
    "ours: item neighbours": {
        f"shopper exponent {exponent}, neighbours {count}": item_knn(
            ItemKnnParams(shrinkage=0.0, shopper_exponent=exponent, max_items=2_000, top_k=count)
        )
        for exponent in (0.5, 1.0)
        for count in (50, 100, 200)
    },
    "ours: co-visitation": {"window 3, both directions": covisitation(ORDER)},
    "ours: shrunken SVD": {f"shrinkage {value}": shrunken_svd(value) for value in SHRINKAGE},
    "ours: SVD + co-visitation": {
        f"shrinkage {value}, order {order}": blend(value, order) for value in SHRINKAGE for order in ORDER_WEIGHTS
    },
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_taste(SETTINGS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
