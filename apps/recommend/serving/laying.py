"""A loaded model version laid over the columns of a site, and asked once so that no request waits for its code."""

import logging

import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.recommend.columns import LaidModel, Shelf, lay, make_shelf
from apps.recommend.ml.engine import score
from apps.recommend.ml.fitting import to_tables
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.selection import Allowed
from apps.recommend.ml.tables import read_only
from apps.recommend.registry.unpacked import LoadedModel

logger = logging.getLogger(__name__)


def lay_over(columns: ItemColumns, loaded: LoadedModel) -> Shelf:
    """Return the columns as they would be if this version answered."""
    return make_shelf(columns=columns, model=lay_model(loaded))


def lay_model(loaded: LoadedModel | None, pairs: PairCounts | None = None) -> LaidModel | None:
    """Return the version as it is asked, with the pairs counted since its training where there are any."""
    if loaded is None:
        return None
    engine = loaded.engine
    if pairs is not None:
        lists, rows, columns = to_tables(pairs, loaded.params.covisitation)
        changed = engine.tables._replace(covisitation=lists, row_factor=rows, column_factor=columns)
        engine = engine._replace(tables=changed)
    return lay(stamp=loaded.stamp, item_ids=loaded.item_ids, engine=engine, habits=loaded.habits)


def try_model(shelf: Shelf) -> None:
    """Ask the version once as requests do, so that none of them waits for its code to be compiled or read."""
    if shelf.model is None:
        return
    nobody = read_only(np.zeros(len(shelf.columns.item_ids), dtype=np.bool_))
    nothing = Allowed(nobody, shelf.column_row, np.zeros(1, dtype=np.int32))
    try:
        history, shares = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.float32)
        score(shelf.model.engine, history, shares=shares, allowed=nothing, limit=1)
    except Exception:
        # The guard counts what fails in requests, and takes the version out; the site must be read all the same.
        logger.exception("the model %s fails when it is asked", shelf.model.stamp)
