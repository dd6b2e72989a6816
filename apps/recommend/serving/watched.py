"""What the guard wants to know of every slate, counted: did the model do its part?

Empty is a slate that was asked of the model and to which it found nothing, whatever the fallback showed instead.
"""

from apps.recommend.registry import counters
from apps.recommend.serving import shadow
from apps.recommend.serving.asked import is_asked, score_bin, top_score
from apps.recommend.serving.state import Draft


def note_slate(draft: Draft) -> None:
    """Count the slate for the version that was loaded, and offer the question to the one in the shadow."""
    loaded = draft.ready.loaded
    if loaded is None:
        return
    amounts = {"slates": 1.0, "ms": sum(draft.timings.values())}
    if draft.faults:
        amounts["errors"] = 1.0
    if is_asked(draft):
        score = top_score(draft)
        amounts["asked"] = 1.0
        amounts["empty" if score is None else score_bin(score)] = 1.0
        shadow.offer(draft)
    counters.count(site_id=draft.site_id, stamp=loaded.stamp, at=draft.now.timestamp(), amounts=amounts)
