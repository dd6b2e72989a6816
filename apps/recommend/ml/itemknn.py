"""Item neighbours by common shoppers: taste without order, for what is rated or bought in no telling sequence.

Cosine with shrinkage (Bell and Koren, 2007), its two exponents apart (Aiolli, 2013), and shoppers who chose much
counting less (Deshpande and Karypis, 2004).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours, keep_top
from apps.recommend.ml.sequences import Sequences


@dataclass(frozen=True, slots=True)
class ItemKnnParams:
    """shrinkage: added to the product of the lengths, so that few common shoppers are little likeness
    column_exponent: 0.5 is the cosine; more of it holds popular neighbours down, less lets them up
    shopper_exponent: a shopper of m items counts m to minus this
    max_items: only this many newest items of a shopper count; bounds the work, which grows with their square
    """

    shrinkage: float = 20.0
    column_exponent: float = 0.5
    shopper_exponent: float = 0.5
    max_items: int = 500
    top_k: int = 100


def to_choices(sequences: Sequences, n_items: int, params: ItemKnnParams) -> sparse.csr_array:
    """Return float64 [sequences, items]: the greatest weight with which each chose each, divided for busy shoppers.

    Rows are sequences in their order, those without events left out.
    """
    if len(sequences.item) == 0:
        return sparse.csr_array((0, n_items), dtype=np.float64)
    starts = np.flatnonzero(np.concatenate(([True], sequences.sequence[1:] != sequences.sequence[:-1])))
    lengths = np.diff(np.append(starts, len(sequences.item)))
    shopper = np.repeat(np.arange(len(starts)), lengths)
    from_end = np.repeat(starts + lengths, lengths) - np.arange(len(shopper))
    kept = (from_end <= params.max_items) & (sequences.weight > 0)
    shopper, item, weight = shopper[kept], sequences.item[kept], sequences.weight[kept]
    order = np.lexsort((-weight, item, shopper))
    shopper, item, weight = shopper[order], item[order], weight[order]
    first = np.ones(len(shopper), dtype=np.bool_)
    first[1:] = (shopper[1:] != shopper[:-1]) | (item[1:] != item[:-1])
    shopper, item, weight = shopper[first], item[first], weight[first]
    busy = np.bincount(shopper, minlength=len(starts))
    share = busy[shopper].astype(np.float64) ** -params.shopper_exponent
    return sparse.coo_array((weight * np.sqrt(share), (shopper, item)), shape=(len(starts), n_items)).tocsr()


def fit_itemknn(choices: sparse.csr_array, params: ItemKnnParams, *, block: int = 256) -> Neighbours:
    """Return the items most alike to each item [n_items lists], best first; an item without choices has none.

    weight(i, j) = dot(i, j) / (|i|^(2 - 2e) |j|^(2e) + shrinkage), where e is `column_exponent`; made in blocks of
    rows, so that memory does not grow with the square of the catalogue.
    """
    n_items = choices.shape[1]
    by_item = sparse.csr_array(choices.T)
    square = np.asarray(by_item.multiply(by_item).sum(axis=1)).ravel()
    rows, columns = square ** (1.0 - params.column_exponent), square**params.column_exponent
    parts = [
        _block(by_item[start : start + block], choices, rows[start : start + block], columns, params)
        for start in range(0, n_items, block)
    ]
    stacked = sparse.vstack(parts, format="csr") if parts else sparse.csr_array((0, 0), dtype=np.float64)
    return keep_top(sparse.csr_array(stacked), params.top_k)


def _block(
    block: sparse.csr_array,
    choices: sparse.csr_array,
    rows: np.ndarray,
    columns: np.ndarray,
    params: ItemKnnParams,
) -> sparse.csr_array:
    """Return the weights of a block, cut to one more than is wanted, as the item itself is among them."""
    common = sparse.coo_array(block @ choices)
    row, column = common.coords
    weight = common.data / (rows[row] * columns[column] + params.shrinkage)
    order = np.lexsort((column, -weight, row))
    row, column, weight = row[order], column[order], weight[order]
    counts = np.bincount(row, minlength=block.shape[0])
    rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank <= params.top_k
    return sparse.coo_array((weight[kept], (row[kept], column[kept])), shape=common.shape).tocsr()
