"""What the rules did to a slate that a merchandiser should know: it is empty because of them, or lacks their pin."""

from apps.recommend.rules import notices
from apps.recommend.serving.state import Draft


def note_rules(draft: Draft) -> None:
    """Count the slate for the rules that emptied it, and for those whose pin is not in it."""
    emptied = () if draft.items else draft.plan.emptied_by
    unshown = draft.plan.unshown + draft.unshown
    if emptied or unshown:
        notices.note(
            site_id=draft.site_id,
            placement=draft.placement.placement,
            at=draft.now,
            emptied=emptied,
            unshown=unshown,
        )
