"""Step 7: what each item of the slate is, costs, and why it is there, in the language that was asked for."""

from collections.abc import Sequence
from functools import partial

from apps.recommend.contracts.serving import Reason, RecommendedItem
from apps.recommend.serving.reasons import CODE_OF, PINNED, language_of, make_reason
from apps.recommend.serving.sets import put_bundle
from apps.recommend.serving.state import NO_OWNER, Draft

_PERSONAL = frozenset(
    {"for_you", "because_you_viewed", "continue_shopping", "recently_viewed", "buy_again", "next_best_action"}
)


def put_items(draft: Draft) -> None:
    """Put the items of the slate, the first fallback that had to fill in, and whether anything personal was used."""
    names = [found.strategy for found in draft.found]
    owners = draft.owner.tolist()
    write = _Writer(draft)
    reasons = write.reasons(owners, names)
    draft.items = write.items(draft.rows.tolist(), draft.scores.tolist(), reasons)
    used = dict.fromkeys(names[owner] for owner in owners if owner != NO_OWNER)
    draft.fallback = next((name for name in used if name != draft.placement.strategy), None)
    known = len(draft.history_rows) > 0 or bool(draft.stored.bought)
    draft.personalised = draft.held_back or (known and not _PERSONAL.isdisjoint(used))
    put_bundle(draft)


class _Writer:
    """Rows of one offer in one language, written out."""

    def __init__(self, draft: Draft) -> None:
        locale = draft.request.locale or draft.ready.shelf.columns.locale
        self._draft = draft
        self._language = language_of(locale)
        self._cards = draft.ready.cards_at(draft.request.store_id, locale)

    def items(
        self, rows: list[int], scores: list[float], reasons: Sequence[tuple[Reason, ...]]
    ) -> tuple[RecommendedItem, ...]:
        """Return the slate."""
        card_of = self._cards.of
        found = []
        for position, (row, score, why) in enumerate(zip(rows, scores, reasons, strict=True), start=1):
            item_id, sku, name, brand, item_type, price, currency, image, url = card_of(row)
            found.append(
                RecommendedItem(
                    item_id, sku, position, round(score, 6), name, brand, item_type, price, currency, image, url, why
                )
            )
        return tuple(found)

    def reasons(self, owners: list[int], names: list[str]) -> list[tuple[Reason, ...]]:
        """Return why each place is what it is; what a rule put there says so."""
        draft = self._draft
        counts = draft.counts.tolist() or [-1] * len(owners)
        codes = [PINNED if owner == NO_OWNER else CODE_OF[names[owner]] for owner in owners]
        reasons, make = self._cards.reasons, self._make_reason
        return [reasons(key, partial(make, *key)) for key in zip(codes, draft.because.tolist(), counts, strict=True)]

    def _make_reason(self, code: str, row: int, count: int) -> Reason:
        led_by = self._cards.of_any(row) if row >= 0 else None
        return make_reason(
            code=code,
            language=self._language,
            item_id=None if led_by is None else led_by[0],
            name="" if led_by is None else led_by[1],
            item_type="" if led_by is None else led_by[2],
            count=None if count < 0 else count,
        )
