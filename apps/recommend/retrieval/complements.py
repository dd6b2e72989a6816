"""What completes the item of the page or the basket: never something instead of it."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.shelves.choosing import falling
from apps.recommend.shelves.pairing import by_turns, completing, facts_of


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what goes with the items: the most wanted kind of each first, one of each kind by turns.

    A kind that the basket already has is not offered once more.
    """
    context = question.context.tolist()
    if not context:
        return NOTHING
    there = {_kind(shelf, row) for row in context}
    found = {row: completing(shelf, question, row, most=question.limit + len(context)) for row in context}
    leader: dict[int, int] = {}
    for row, rows in found.items():
        for one in rows:
            leader.setdefault(one, row)
    lists = [[one for one in rows if _kind(shelf, one) not in there] for rows in found.values()]
    chosen = list(dict.fromkeys(by_turns(lists, sum(map(len, lists)))))[: question.limit]
    return falling(chosen, [leader[row] for row in chosen])


def _kind(shelf: Shelf, row: int) -> tuple[str, str]:
    item_type, facts = facts_of(shelf, row)
    return item_type, str(facts.get("solution_type" if item_type == "solution" else "kind") or row)
