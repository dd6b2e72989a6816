"""Step 2: which experiments this shopper is part of, and what they change for this answer."""

from apps.recommend.serving.state import Draft


def put_assignment(draft: Draft) -> None:
    """Put the experiments that hold for whoever asks, and the placement as they make it."""
    draft.assigned = ()
