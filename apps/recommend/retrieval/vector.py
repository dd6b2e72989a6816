"""What is like an item that the loaded model does not hold: nearest neighbours of its stored vector (pgvector, HNSW).

It is the only source that asks the database, and only for such items. It raises DatabaseError where that is away.
"""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.selectors import list_nearest_items

_LOOKED_AT = 100
_ALIKE = 0.05  # cosine: nearest does not mean near, and what is below shares nothing that tells


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return the neighbours of the page's first item; nothing where the model holds it or it has no vector yet."""
    if shelf.model is None or not len(question.context) or shelf.model_row[question.context[0]] >= 0:
        return NOTHING
    row = int(question.context[0])
    columns = shelf.columns
    near = list_nearest_items(
        site_id=columns.site_id,
        stamp=shelf.model.stamp,
        item_id=columns.item_ids[row],
        limit=_LOOKED_AT,
        item_types=question.item_types,
    )
    known = [(columns.row_of[item], score) for item, score in near if score > _ALIKE and item in columns.row_of]
    banned = frozenset(question.banned.tolist())
    kept = [(other, score) for other, score in known if question.mask[other] and other not in banned][: question.limit]
    if not kept:
        return NOTHING
    rows, scores = zip(*kept, strict=True)
    return Candidates(
        rows=np.array(rows, dtype=np.int32),
        scores=np.array(scores, dtype=np.float32),
        because=np.full(len(rows), row, dtype=np.int32),
    )
