"""Step 2: what may be shown: published, priced, available here, of the placement, not refused by this shopper.

The part that is the same for everybody is remembered with the site's state; a request copies it and takes out its own.
"""

from collections.abc import Iterable

import numpy as np

from apps.recommend.serving.state import Draft


def put_mask(draft: Draft) -> None:
    """Put the mask of the rows that may be answered."""
    mask = draft.ready.mask_for(draft.placement, draft.request.store_id).copy()
    if len(draft.context_rows):
        mask[draft.context_rows] = False
    _take_out(draft, mask, draft.request.exclude_item_ids)
    personal = [*draft.stored.dismissed, *_just_bought(draft)]
    draft.held_back = _take_out(draft, mask, personal)
    if draft.placement.exclude_history and len(draft.history_rows):
        mask[draft.history_rows] = False
        draft.held_back = True
    draft.mask = mask


def _take_out(draft: Draft, mask: np.ndarray, item_ids: Iterable[str]) -> bool:
    """Take the items out, ignore those that this site does not know; return whether that changed anything."""
    row_of = draft.ready.shelf.columns.row_of
    rows = [row_of[item] for item in item_ids if item in row_of]
    if not rows:
        return False
    mask[rows] = False
    return True


def _just_bought(draft: Draft) -> list[str]:
    horizon = draft.now.timestamp() - draft.placement.exclude_purchased_days * 86_400
    return [item for item, time in draft.stored.bought.items() if time > horizon]
