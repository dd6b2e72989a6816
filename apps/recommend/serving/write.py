"""Step 7: what each item of the slate is, costs, and why it is there, in the language that was asked for."""

from collections.abc import Sequence

import numpy as np

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
    draft.items = write.items(draft.rows, draft.scores.tolist(), reasons)
    used = dict.fromkeys(names[owner] for owner in owners if owner != NO_OWNER)
    draft.fallback = next((name for name in used if name != draft.placement.strategy), None)
    known = len(draft.history_rows) > 0 or bool(draft.stored.bought)
    draft.personalised = draft.held_back or (known and not _PERSONAL.isdisjoint(used))
    put_bundle(draft)


class _Writer:
    """Rows of one offer in one language, written out."""

    def __init__(self, draft: Draft) -> None:
        columns = draft.ready.shelf.columns
        locale = draft.request.locale or columns.locale
        self._draft = draft
        self._columns = columns
        self._language = language_of(locale)
        self._names = draft.ready.names_in(locale)
        self._offer = draft.offer
        self._reasons: dict[tuple[str, int, int], tuple[Reason, ...]] = {}

    def items(
        self, rows: np.ndarray, scores: list[float], reasons: Sequence[tuple[Reason, ...]]
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

    def reasons(self, owners: list[int], names: list[str]) -> list[tuple[Reason, ...]]:
        """Return why each place is what it is; what a rule put there says so."""
        draft = self._draft
        counts = draft.counts.tolist() or [-1] * len(owners)
        codes = [PINNED if owner == NO_OWNER else CODE_OF[names[owner]] for owner in owners]
        return [
            self._reason(code, led_by, count)
            for code, led_by, count in zip(codes, draft.because.tolist(), counts, strict=True)
        ]

    def _reason(self, code: str, row: int, count: int) -> tuple[Reason, ...]:
        key = code, row, count
        reasons = self._reasons.get(key)
        if reasons is None:
            reasons = self._reasons[key] = (self._make_reason(code, row, count),)
        return reasons

    def _make_reason(self, code: str, row: int, count: int) -> Reason:
        columns = self._columns
        known = row >= 0
        return make_reason(
            code=code,
            language=self._language,
            item_id=columns.item_ids[row] if known else None,
            name=self._names[row] if known else "",
            item_type=columns.item_types[columns.item_type[row]] if known else "",
            count=None if count < 0 else count,
        )
