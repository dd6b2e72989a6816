"""Step 6: cut to the asked size and write out what each item is, costs, and why it is there."""

import numpy as np

from apps.recommend.contracts.serving import Reason, RecommendedItem
from apps.recommend.serving.reasons import CODE_OF, language_of, make_reason
from apps.recommend.serving.state import Draft

_PERSONAL = frozenset(
    {"for_you", "because_you_viewed", "continue_shopping", "recently_viewed", "buy_again", "next_best_action"}
)


def put_items(draft: Draft) -> None:
    """Put the items of the slate, the first fallback that had to fill in, and whether anything personal was used."""
    count = min(draft.limit, len(draft.rows))
    because = draft.because[:count].tolist()
    strategies = [draft.found[index].strategy for index in draft.owner[:count].tolist()]
    write = _Writer(draft)
    reasons = [write.reason(strategy, led_by) for strategy, led_by in zip(strategies, because, strict=True)]
    draft.items = write.items(draft.rows[:count], draft.scores[:count].tolist(), reasons)
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
        self._offer = draft.offer
        self._reasons: dict[tuple[str, int], tuple[Reason, ...]] = {}

    def items(
        self, rows: np.ndarray, scores: list[float], reasons: list[tuple[Reason, ...]]
    ) -> tuple[RecommendedItem, ...]:
        """Return the slate. What arrays hold is fetched for all rows at once: one by one is ten times slower."""
        columns, names, currency = self._columns, self._names, self._columns.currency
        fetched = zip(
            rows.tolist(),
            self._offer.variant[rows].tolist(),
            self._offer.price[rows].tolist(),
            columns.brand[rows].tolist(),
            columns.item_type[rows].tolist(),
            scores,
            reasons,
            strict=True,
        )
        return tuple(
            RecommendedItem(
                item_id=columns.item_ids[row],
                sku=columns.skus[variant],
                position=position,
                score=round(score, 6),
                name=names[row],
                brand=columns.brands[brand],
                item_type=columns.item_types[item_type],
                price=f"{price:.2f}",
                currency=currency,
                image_url=columns.image_urls[row],
                url=columns.urls[row],
                reasons=why,
            )
            for position, (row, variant, price, brand, item_type, score, why) in enumerate(fetched, start=1)
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
