"""Step 2: which experiments this shopper is part of, and what they change for this answer.

Failure policy: open. A side whose model version cannot be asked answers with the promoted one.
"""

from dataclasses import replace

from apps.recommend.experiments.assign import assign, change_placement, model_of
from apps.recommend.serving.state import Draft


def put_assignment(draft: Draft) -> None:
    """Put the sides that hold for whoever asks, the placement as they make it, and the model that answers."""
    if not draft.ready.live.by_placement and draft.ready.live.hold_out is None:
        return
    draft.assigned = assign(
        draft.ready.live,
        placement=draft.placement.placement,
        unit_id=None if draft.shopper_id is None else str(draft.shopper_id),
        store_id=draft.request.store_id,
    )
    if not draft.assigned:
        return
    was = draft.placement
    draft.placement = change_placement(was, draft.assigned)
    if draft.limit == was.size and draft.request.limit is None:
        draft.limit = draft.placement.size
    stamp = model_of(draft.assigned)
    variant = None if stamp is None else draft.ready.variants.get(stamp)
    if variant is not None:
        draft.ready = replace(draft.ready, loaded=variant[0], shelf=variant[1], pairs=None)
