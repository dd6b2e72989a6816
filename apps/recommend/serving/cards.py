"""What an item is and costs, at one place and in one language: written out once, when it is first shown.

Texts of a large catalogue are decoded when they are read, so what is shown often is kept as it is answered.
"""

from collections.abc import Callable
from typing import NamedTuple

from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend import conf
from apps.recommend.contracts.serving import Reason


class Card(NamedTuple):
    """What an answer says of an item, its place, score and reasons apart."""

    item_id: str
    sku: str
    name: str
    brand: str
    item_type: str
    price: str
    currency: str
    image_url: str | None
    url: str | None


class Cards:
    """The cards of one state of a site, by row; at most `conf.CARDS_HELD`, then all are made anew."""

    def __init__(self, columns: ItemColumns, offer: Offer, locale: str) -> None:
        """Begin with none."""
        order = sorted(columns.names, key=lambda name: _distance(name, locale, columns.locale))
        self._names = [columns.names[name] for name in order]
        self._columns, self._offer = columns, offer
        self._held: dict[int, Card] = {}
        self._reasons: dict[tuple[str, int, int], tuple[Reason, ...]] = {}

    def of(self, row: int) -> Card:
        """Return the card of the row."""
        card = self._held.get(row)
        if card is None:
            if len(self._held) >= conf.CARDS_HELD:
                self._held = {}
            card = self._held[row] = self._make(row)
        return card

    def reasons(self, key: tuple[str, int, int], make: Callable[[], Reason]) -> tuple[Reason, ...]:
        """Return why a place is what it is, made once: by code, the row that led to it (-1: none) and count."""
        found = self._reasons.get(key)
        if found is None:
            if len(self._reasons) >= conf.CARDS_HELD:
                self._reasons = {}
            found = self._reasons[key] = (make(),)
        return found

    def of_any(self, row: int) -> tuple[str, str, str]:
        """Return id, name and type of the row, also of an item that is not to be had."""
        columns = self._columns
        return columns.item_ids[row], self.name(row), columns.item_types[int(columns.item_type[row])]

    def name(self, row: int) -> str:
        """Return the name in the nearest language that the item has: asked, the site's, any, else its id."""
        return next(filter(None, (names[row] for names in self._names)), self._columns.item_ids[row])

    def _make(self, row: int) -> Card:
        columns = self._columns
        return Card(
            item_id=columns.item_ids[row],
            sku=columns.skus[int(self._offer.variant[row])],
            name=self.name(row),
            brand=columns.brands[int(columns.brand[row])],
            item_type=columns.item_types[int(columns.item_type[row])],
            price=f"{float(self._offer.price[row]):.2f}",
            currency=columns.currency,
            image_url=columns.image_urls[row],
            url=columns.urls[row],
        )


def _distance(name: str, asked: str, own: str) -> tuple[int, str]:
    """Return how far a locale is from the asked one: itself, its language, the site's own, its language, any other."""
    wanted = (asked, asked.partition("-")[0], own, own.partition("-")[0])
    given = (name, name.partition("-")[0], name, name.partition("-")[0])
    matches = [place for place, (want, have) in enumerate(zip(wanted, given, strict=True)) if want == have]
    return (matches[0] if matches else len(wanted)), name
