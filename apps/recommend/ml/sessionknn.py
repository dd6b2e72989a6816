"""Session nearest neighbours: the index by which sessions like the present one are found (see `gather`)."""

import numpy as np

from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import Sessions, read_only

_LONGEST = 200


def index_sessions(sequences: Sequences, n_items: int, *, most: int) -> Sessions:
    """Return the index of the newest `most` sequences; how new one is, is said by the time of its last event.

    Sequences of one event are left out: they lead nowhere. Of a long one the newest `_LONGEST` items are held, so that
    no answer walks through what a machine clicked.
    """
    starts = np.flatnonzero(np.concatenate(([True], np.diff(sequences.sequence) != 0)))[: len(sequences.item)]
    lengths = np.diff(np.append(starts, len(sequences.item)))
    ends = sequences.time[starts + lengths - 1] if len(starts) else np.empty(0)
    order = np.argsort(ends, kind="stable")
    order = order[lengths[order] > 1][-most:] if most > 0 else order[:0]
    starts, lengths = starts[order], lengths[order]
    starts, lengths = starts + np.maximum(lengths - _LONGEST, 0), np.minimum(lengths, _LONGEST)
    session_start = np.concatenate(([0], np.cumsum(lengths)))
    place = np.repeat(starts - session_start[:-1], lengths) + np.arange(session_start[-1])
    items = sequences.item[place]
    count = len(order)
    session_of = np.repeat(np.arange(count), lengths)
    held = np.unique(items.astype(np.int64) * max(count, 1) + (count - 1 - session_of))
    item_start = np.concatenate(([0], np.cumsum(np.bincount(held // max(count, 1), minlength=n_items))))
    return Sessions(
        item_start=read_only(item_start.astype(np.int64)),
        item_sessions=read_only((count - 1 - held % max(count, 1)).astype(np.int32)),
        session_start=read_only(session_start.astype(np.int64)),
        session_items=read_only(items.astype(np.int32)),
        age=read_only((np.arange(count)[::-1] / max(count, 1)).astype(np.float32)),
    )
