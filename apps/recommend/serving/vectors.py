"""The vector search behind its circuit breaker.

Failure policy: nothing found, the chain goes on; while Postgres is away, or slow, nobody waits for it.
"""

import logging

from django.db import Error as DatabaseError

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.retrieval import vector
from apps.recommend.serving.breaker import VECTORS, Broken

logger = logging.getLogger(__name__)


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what is like an item that the loaded model does not hold; nothing where Postgres does not say."""
    try:
        with VECTORS.watch():
            return vector.find(shelf, question)
    except Broken:
        return NOTHING
    except DatabaseError as error:
        logger.warning("no vector search, database unavailable: %s", type(error).__name__)
        return NOTHING
