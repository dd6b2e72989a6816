"""Step 3: what may be shown: published, priced, available here, of the placement, not refused by this shopper.

What holds for everybody is a mask that the site's state keeps; what this request forbids on top is a short list of
rows. Nothing here costs more in a greater catalogue.
"""

from collections.abc import Iterable

import numpy as np

from apps.catalog import api as catalog
from apps.recommend.features.seen import too_often
from apps.recommend.ml.tables import read_only
from apps.recommend.serving.masks import key_of
from apps.recommend.serving.state import Draft

KNOWN_BY_HISTORY = ("new", "returning")  # audiences that rules tell apart by what is stored of the shopper
PERSONAL = ("dismissed", "bought", "history", "cap")


def put_mask(draft: Draft) -> None:
    """Put what the rules in force make of this list, and the rows that may not be answered this time."""
    request, now = draft.request, draft.now.timestamp()
    situation = draft.ready.rules.situation(
        placement=draft.placement.placement,
        store_id=request.store_id,
        channel=request.channel,
        category_ids=_category_ids(draft),
        audiences=draft.audiences,
    )
    key = key_of(draft.placement, request, now)
    draft.plan = draft.ready.plan_of(key, situation, now)
    draft.mask = draft.plan.mask
    if request.include_item_ids:
        draft.mask = draft.within = _only(draft, draft.mask, request.include_item_ids)
    elif request.filter or request.only_in_stock_at is not None:
        asked = key._replace(item_types=(), category_ids=(), filters=(request.filter,) if request.filter else ())
        draft.within = draft.ready.mask_of(asked, now)
    draft.banned = _banned(draft)
    draft.held_back |= not situation.audiences.isdisjoint(KNOWN_BY_HISTORY)


def _category_ids(draft: Draft) -> Iterable[str]:
    """Return the categories of the page, or of its items, with those above; nothing where no rule asks."""
    if not draft.ready.rules.categories:
        return ()
    columns = draft.ready.shelf.columns
    if draft.request.category_id is not None:
        return catalog.categories_above(columns=columns, category_id=draft.request.category_id)
    indptr, codes = columns.category_indptr, columns.category_indices
    spans = (codes[indptr[row] : indptr[row + 1]].tolist() for row in draft.context_rows.tolist())
    return {columns.category_ids[code] for span in spans for code in span}


def _only(draft: Draft, mask: np.ndarray, item_ids: list[str]) -> np.ndarray:
    """Return the mask with nothing in it but these items. Fresh zeros cost next to nothing until they are read."""
    rows = _rows_of(draft, item_ids)
    found = np.zeros(len(mask), dtype=np.bool_)
    found[rows] = mask[rows]
    return read_only(found)


def _banned(draft: Draft) -> np.ndarray:
    """Return the rows, int32 ascending, that the page, the caller and the shopper's own past leave out."""
    why = banned_by(draft)
    draft.held_back = any(why[name] for name in PERSONAL)
    return np.array(sorted(set().union(*why.values())), dtype=np.int32)


def banned_by(draft: Draft) -> dict[str, list[int]]:
    """Return the rows that this request leaves out, by why; those of `PERSONAL` because of this shopper."""
    excluded = draft.request.exclude_item_ids
    return {
        "page": draft.context_rows.tolist(),
        "shown": draft.shown.tolist(),
        "excluded": _rows_of(draft, excluded) if excluded else [],
        "dismissed": _rows_of(draft, draft.stored.dismissed),
        "bought": _rows_of(draft, _just_bought(draft)),
        "history": draft.history_rows.tolist() if draft.placement.exclude_history else [],
        "cap": _rows_of(draft, _seen_too_often(draft)),
    }


def _rows_of(draft: Draft, item_ids: Iterable[str]) -> list[int]:
    """Return the rows of the items; those that this site does not know are ignored."""
    row_of = draft.ready.shelf.columns.row_of
    return [row for item in item_ids if (row := row_of.get(item)) is not None]


def _seen_too_often(draft: Draft) -> list[str]:
    placement, stored = draft.placement, draft.stored
    if not placement.cap_impressions:
        return []
    return too_often(
        stored.seen,
        most=placement.cap_impressions,
        days=placement.cap_days,
        now=draft.now.timestamp(),
        touched=stored.touched,
    )


def _just_bought(draft: Draft) -> list[str]:
    if draft.placement.strategy == "buy_again":
        return []  # it is about nothing else
    horizon = draft.now.timestamp() - draft.placement.exclude_purchased_days * 86_400
    return [item for item, time in draft.stored.bought.items() if time > horizon]
