"""Step 5: cut to the asked size and write out what each item is, costs, and why it is there."""

from apps.recommend.contracts import Reason, RecommendedItem
from apps.recommend.serving.reasons import CODE_OF, language_of, make_reason
from apps.recommend.serving.state import Draft

_PERSONAL = frozenset({"for_you", "recently_viewed"})


def put_items(draft: Draft) -> None:
    """Put the items of the slate, the first fallback that had to fill in, and whether anything personal was used."""
    count = min(draft.limit, len(draft.rows))
    rows = draft.rows[:count].tolist()
    scores = draft.scores[:count].tolist()
    because = draft.because[:count].tolist()
    strategies = [draft.found[index].strategy for index in draft.owner[:count].tolist()]
    write = _Writer(draft)
    draft.items = tuple(
        write.item(position, row, score, write.reason(strategy, led_by))
        for position, (row, score, led_by, strategy) in enumerate(
            zip(rows, scores, because, strategies, strict=True), start=1
        )
    )
    used = dict.fromkeys(strategies)
    draft.fallback = next((name for name in used if name != draft.placement.strategy), None)
    draft.personalised = draft.held_back or (len(draft.history_rows) > 0 and not _PERSONAL.isdisjoint(used))


class _Writer:
    """Rows of one offer in one language, written out."""

    def __init__(self, draft: Draft) -> None:
        columns = draft.ready.shelf.columns
        locale = draft.request.locale or columns.locale
        self._columns = columns
        self._language = language_of(locale)
        self._names = draft.ready.names_in(locale)
        self._variant = draft.offer.variant
        self._price = draft.offer.price
        self._reasons: dict[tuple[str, int], tuple[Reason, ...]] = {}

    def item(self, position: int, row: int, score: float, reasons: tuple[Reason, ...]) -> RecommendedItem:
        columns = self._columns
        return RecommendedItem(
            item_id=columns.item_ids[row],
            sku=columns.skus[self._variant[row]],
            position=position,
            score=round(score, 6),
            name=self._names[row],
            brand=columns.brands[columns.brand[row]],
            item_type=columns.item_types[columns.item_type[row]],
            price=f"{self._price[row]:.2f}",
            currency=columns.currency,
            image_url=columns.image_urls[row],
            url=columns.urls[row],
            reasons=reasons,
        )

    def reason(self, strategy: str, row: int) -> tuple[Reason, ...]:
        key = strategy, row
        reasons = self._reasons.get(key)
        if reasons is None:
            reasons = self._reasons[key] = (self._make_reason(strategy, row),)
        return reasons

    def _make_reason(self, strategy: str, row: int) -> Reason:
        columns = self._columns
        known = row >= 0
        return make_reason(
            code=CODE_OF[strategy],
            language=self._language,
            item_id=columns.item_ids[row] if known else None,
            name=self._names[row] if known else "",
            item_type=columns.item_types[columns.item_type[row]] if known else "",
        )
