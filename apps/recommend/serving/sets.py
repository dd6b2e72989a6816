"""What the parts of a set cost together with the item that it is for."""

from apps.recommend.contracts.serving import Bundle
from apps.recommend.serving.state import Draft

STRATEGY = "bundle"


def put_bundle(draft: Draft) -> None:
    """Put the set where the strategy found one and all of its parts are on the slate; at prices of the asked store."""
    if draft.placement.strategy != STRATEGY or not draft.found or draft.found[0].strategy != STRATEGY:
        return
    parts = draft.found[0].candidates.rows.tolist()
    if not set(parts) <= set(draft.rows.tolist()):
        return
    rows = [int(draft.context_rows[0]), *parts]
    columns = draft.ready.shelf.columns
    # In hundredths: sums of prices must be to the penny.
    total = sum(round(float(draft.offer.price[row]) * 100) for row in rows)
    draft.bundle = Bundle(
        item_ids=tuple(columns.item_ids[row] for row in rows), price=f"{total / 100:.2f}", currency=columns.currency
    )
