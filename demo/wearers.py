"""Wearers of contact lenses: the same lenses again when a pack is empty, and what cares for them; most of a year."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from demo.catalogue.offers import retail_price
from demo.catalogue.products import Product
from demo.catalogue.words import table

MONTHS = 10  # that lenses have been ordered for
_SHARE = 0.08  # of the shoppers
_RECENT_DAYS = 28  # what is older goes in as history
CONSENT = ["history_personalisation", "rx_personalisation"]
# The persona that wears lenses: days ago on which things were bought, the last so that they are due within days.
PERSONA = "dev"
_PERSONA_LENSES = (264, 174, 84)
_PERSONA_CARE = (72, 47, 21)

Event = dict[str, Any]


class Wearers:
    """The wearers of one site and their orders."""

    def __init__(self, *, site_id: str, products: Sequence[Product], until: datetime, seed: int) -> None:
        """Make a source of chance of their own, so that nobody else's events change because of them."""
        self.site_id, self.until = site_id, until
        self.site = table("sites")[site_id]
        self.chance = np.random.default_rng([seed, sum(site_id.encode()), 7])
        self.lenses = [product for product in products if product.item_type == "contact_lens"]
        self.care = [product for product in products if product.attributes.get("days_supply")]

    def run(self, *, shoppers: int) -> list[Event]:
        """Return the orders of the wearers among so many shoppers, and those of the persona."""
        events: list[Event] = []
        for number in range(round(shoppers * _SHARE)):
            events += self._orders(f"wearer-{self.site_id}-{number}")
        return events + self._persona()

    def _orders(self, shopper: str) -> list[Event]:
        lens = self._draw(self.lenses)
        care = self._draw(self._care_of(lens)) if lens.attributes["days_per_lens"] > 1 else None
        factor = float(np.clip(self.chance.normal(1.05, 0.12), 0.8, 1.5))
        lasts = lens.attributes["lenses_per_box"] * lens.attributes["days_per_lens"] * factor
        day, events = 30.0 * MONTHS - float(self.chance.random() * lasts), list[Event]()
        while day > 0.5:
            events += self._order(shopper, [lens] if care is None else [lens, care], days_ago=day)
            day -= lasts * float(self.chance.normal(1.0, 0.06))
        return events

    def _persona(self) -> list[Event]:
        shopper = f"demo-{self.site_id}-{PERSONA}"
        lens = next(one for one in self.lenses if one.attributes["modality"] == "monthly")
        care = next(one for one in self._care_of(lens) if one.attributes["days_supply"] == 25)
        events = [event for days in _PERSONA_LENSES for event in self._order(shopper, [lens], days_ago=days)]
        return events + [event for days in _PERSONA_CARE for event in self._order(shopper, [care], days_ago=days)]

    def _order(self, shopper: str, products: Sequence[Product], *, days_ago: float) -> list[Event]:
        order = f"o-{self._uuid().hex[:10]}"
        at = self.until - timedelta(days=days_ago)
        return [
            {
                "id": str(self._uuid()),
                "type": "purchase",
                "time": (at + timedelta(seconds=place)).isoformat(),
                "item_id": product.item_id,
                "sku": product.pieces[0].sku,
                "anonymous_id": shopper,
                "session_id": f"s-{order}",
                "order_id": order,
                "unit_price": str(self._price(product)),
                "currency": self.site["currency"],
                "consent": CONSENT,
                **({"historical": True} if days_ago > _RECENT_DAYS else {}),
            }
            for place, product in enumerate(products)
        ]

    def _care_of(self, lens: Product) -> list[Product]:
        suiting = [one for one in self.care if one.attributes["solution_type"] in lens.attributes["solution_types"]]
        return suiting or self.care

    def _draw(self, products: Sequence[Product]) -> Product:
        return products[int(len(products) * self.chance.random() ** 1.5)]

    def _price(self, product: Product) -> object:
        return retail_price(product.pieces[0].price * self.site["rate"], currency=self.site["currency"])

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.chance.bytes(16), version=4)
