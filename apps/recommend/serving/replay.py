"""A recorded answer asked for again: is the list the same, and if not, what is other, and why?"""

from typing import Any
from uuid import UUID

from apps.recommend.contracts.traces import Against, Difference, Replay
from apps.recommend.serving.causes import find_causes, find_lasting
from apps.recommend.serving.describe import Slate, slate_of
from apps.recommend.serving.leftout import NO_ROOM, gates_of, why_not
from apps.recommend.serving.putback import EVERYTHING, Asker, shelf_of
from apps.recommend.serving.recorded import Recorded
from apps.recommend.serving.sites import get_ready
from apps.recommend.serving.state import Draft
from apps.recommend.serving.traces import get_record
from apps.recommend.serving.versions import versions_of


def replay(*, site_id: str, trace_id: UUID, against: Against) -> Replay:
    """Return the answer beside what it would be, with everything but `against` as it was: shopper, moment, page.

    against: "now": all that answers today; "then": the model, rules, placement and experiments that answered then, as
    far as they are kept, over the catalogue of today
    Raises NotFound (trace, placement), Conflict (unreadable), Invalid (an item or store of the question is gone).
    """
    at, recorded = get_record(site_id=site_id, trace_id=trace_id)
    ready = get_ready(site_id)
    asker = Asker(recorded, trace_id, at, ready, shelf_of(ready, recorded.versions["model"]))
    draft = asker.ask() if against == "now" else asker.ask(EVERYTHING)
    before: Slate = tuple((place.item_id, place.score) for place in recorded.slate)
    after = slate_of(draft)
    causes = []
    if before != after:
        causes = (find_causes if against == "now" else find_lasting)(asker, draft, before)
    return Replay(
        trace_id=trace_id,
        against=against,
        at=at,
        identical=before == after,
        before=tuple(item_id for item_id, _ in before),
        after=tuple(item_id for item_id, _ in after),
        versions=versions_of(draft.ready, recorded.settings.placement),
        differences=tuple(_differences(draft, recorded, before, after)),
        causes=tuple(causes),
    )


def _differences(draft: Draft, recorded: Recorded, before: Slate, after: Slate) -> list[Difference]:
    """Return what left, what came, and what stands elsewhere or has another score, in the order of the places."""
    then = {item_id: (place, score) for place, (item_id, score) in enumerate(before, start=1)}
    now = {item_id: (place, score) for place, (item_id, score) in enumerate(after, start=1)}
    whys = {one["item_id"]: tuple(one["why"]) for one in recorded.left_out}
    found = [
        Difference(what="removed", name=item_id, before=place, why=_why_gone(draft, item_id))
        for item_id, (place, _) in then.items()
        if item_id not in now
    ]
    for item_id, (place, score) in now.items():
        if item_id not in then:
            found.append(Difference(what="added", name=item_id, after=place, why=whys.get(item_id, ())))
        elif then[item_id][0] != place:
            found.append(Difference(what="moved", name=item_id, before=then[item_id][0], after=place))
        elif then[item_id][1] != score:
            found.append(Difference(what="score", name=item_id, before=then[item_id][1], after=score))
    return found


def _why_gone(draft: Draft, item_id: str) -> tuple[str, ...]:
    row: Any = draft.ready.shelf.columns.row_of.get(item_id)
    if row is None:
        return ("not in the catalogue",)
    return tuple(why_not(draft, gates_of(draft), [row])[row]) or (NO_ROOM,)
