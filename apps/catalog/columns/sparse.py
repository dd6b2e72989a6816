"""Arithmetic on read-only arrays and on lists of lists kept as CSR: an edit gives another array, or the same one."""

import numpy as np

Csr = tuple[np.ndarray, np.ndarray]  # int32 [n + 1], int32 [k]


def fixed(array: np.ndarray) -> np.ndarray:
    """Return the array, which nobody may write to any more."""
    array.flags.writeable = False
    return array


def indptr_of(counts: np.ndarray) -> np.ndarray:
    """Return int32 [n + 1] for so many entries a row."""
    return fixed(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def edited(array: np.ndarray, at: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return the array grown to a size, with values at distinct places; itself where that changes nothing.

    Places beyond its end must all be given.
    """
    if size == len(array) and _same(array[at], values):
        return array
    grown = np.empty(size, dtype=array.dtype)
    grown[: len(array)] = array
    grown[at] = values
    return fixed(grown)


def spread(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return int64: the places start, start + 1, ... of each range, one range after the other."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts.astype(np.int64) - (ends - counts), counts) + np.arange(total)


def taken(csr: Csr, rows: np.ndarray) -> Csr:
    """Return the lists of these rows."""
    indptr, indices = csr
    counts = indptr[rows + 1] - indptr[rows]
    return indptr_of(counts), indices[spread(indptr[rows], counts)]


def replaced(csr: Csr, rows: np.ndarray, lists: Csr) -> Csr:
    """Return the lists with those of distinct rows replaced; rows from the end on are appended, in order.

    It is the same pair where nothing changes.
    """
    indptr, indices = csr
    size = len(indptr) - 1
    inside = rows < size
    if inside.all() and all(np.array_equal(*pair) for pair in zip(taken(csr, rows), lists, strict=True)):
        return csr
    order = np.argsort(rows, kind="stable")
    counts = np.concatenate([np.diff(indptr), np.zeros(int((~inside).sum()), dtype=np.int32)])
    counts[rows] = np.diff(lists[0])
    pieces, done = [], 0
    for place in order.tolist():
        row = min(int(rows[place]), size)
        pieces += [indices[done : indptr[row]], lists[1][lists[0][place] : lists[0][place + 1]]]
        done = int(indptr[min(row + 1, size)])
    return indptr_of(counts), fixed(np.concatenate([*pieces, indices[done:]]))


def found_in(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return int64: where among many ascending rows a few ascending ones stand, in time of the few."""
    wanted = wanted.astype(rows.dtype)  # else the many would be cast to the type of the few
    left = np.searchsorted(rows, wanted, side="left")
    return spread(left, np.searchsorted(rows, wanted, side="right") - left)


def outside(rows: np.ndarray, banned: np.ndarray) -> np.ndarray | None:
    """Return bool: which of many ascending rows are not among a few ascending ones; None where all are."""
    found = found_in(rows, banned)
    if not len(found):
        return None
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[found] = False
    return kept


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))
