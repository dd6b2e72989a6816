"""Simulated shoppers: sixty days of visits with a realistic funnel, the same for the same seed and day."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from demo.catalogue.offers import retail_price
from demo.catalogue.products import Product
from demo.catalogue.words import table
from demo.shop.personas import list_personas
from demo.tastes import Shelf, Taste, invent_taste, lay_out, persona_taste
from demo.wearers import CONSENT as WEARERS_CONSENT
from demo.wearers import PERSONA as WEARER
from demo.wearers import Wearers

DAYS = 60
SHOPPERS = 2_600  # at all sites together
_TASTES = 60
_CONSENTING = 0.9
_CONSENT = ["history_personalisation"]
_IN_STORE = 0.35  # of the orders
# What goes into the basket with what: item type, then families of goods.
_ALONG = {
    "frame": ("case", "cloth", "spray"),
    "sunglasses": ("case", "cord", "cloth"),
    "contact_lens": ("multipurpose", "peroxide", "drops", "travel"),
    "hearing": ("hearcare", "wax", "battery"),
}

Event = dict[str, Any]


@dataclass
class _Visit:
    """One visit while it happens."""

    shopper: str | None
    session: str
    time: datetime
    events: list[Event] = field(default_factory=list)
    cart: list[Product] = field(default_factory=list)
    consent: list[str] = field(default_factory=lambda: _CONSENT)


class Simulation:
    """The shoppers of one site."""

    def __init__(self, *, site_id: str, products: Sequence[Product], until: datetime, seed: int) -> None:
        self.site_id = site_id
        self.until = until
        self.site = table("sites")[site_id]
        self.chance = np.random.default_rng([seed, sum(site_id.encode())])
        self.shelves: dict[str, Shelf] = lay_out(products, seed=seed)
        self.tastes = [invent_taste(self.chance, shelves=self.shelves) for _ in range(_TASTES)]
        # People like the personas are among the others, or nobody could have taught what the personas will like.
        self.tastes += [persona_taste(persona, shelves=self.shelves) for persona in list_personas().values()] * 2
        self.families = _by_family(products)
        self.places = np.random.default_rng([seed, sum(site_id.encode()), 3])  # where an order is made changes no other
        self.wearers = Wearers(site_id=site_id, products=products, until=until, seed=seed)

    def run(self, *, shoppers: int) -> list[Event]:
        """Return the events of so many shoppers and of the personas, in order of time."""
        events: list[Event] = []
        for number in range(shoppers):
            known = self.chance.random() < _CONSENTING
            shopper = f"sim-{self.site_id}-{number}" if known else None
            taste = self.tastes[int(self.chance.integers(len(self.tastes)))]
            for days_ago in self._days(visits=1 + min(int(self.chance.geometric(0.42)), 7)):
                events += self._visit(shopper, taste, days_ago=days_ago)
        for key, persona in list_personas().items():
            taste = persona_taste(persona, shelves=self.shelves)
            for days_ago in self._days(visits=8):
                events += self._visit(f"demo-{self.site_id}-{key}", taste, days_ago=days_ago, buys=False)
        events += self.wearers.run(shoppers=shoppers)
        events.sort(key=lambda event: (event["time"], event["id"]))
        return events

    def _days(self, *, visits: int) -> list[float]:
        first = self.chance.random() * DAYS
        steps = self.chance.exponential(6.0, visits)
        return [float(day) for day in first - np.cumsum(steps) + steps[0] if day > 0.05] or [float(first)]

    def _visit(self, shopper: str | None, taste: Taste, *, days_ago: float, buys: bool = True) -> list[Event]:
        hour = float(np.clip(self.chance.normal(16.5, 4.0), 7, 23.5))
        moment = (self.until - timedelta(days=days_ago)).replace(minute=0, second=0, microsecond=0)
        start = min(moment.replace(hour=0) + timedelta(hours=hour), self.until - timedelta(minutes=30))
        visit = _Visit(shopper=shopper, session=f"s-{self._uuid().hex[:12]}", time=start)
        if shopper == f"demo-{self.site_id}-{WEARER}":
            visit.consent = WEARERS_CONSENT
        kind = taste.kinds[int(np.searchsorted(taste.kind_chances, self.chance.random()))]
        for product in self._choose(taste, kind=kind, count=1 + min(int(self.chance.geometric(0.24)), 12)):
            self._look(visit, product, carts=buys)
        if visit.cart:
            self._check_out(visit)
        return visit.events

    def _choose(self, taste: Taste, *, kind: str, count: int) -> list[Product]:
        drawn = np.searchsorted(taste.chances[kind], self.chance.random(count))
        shelf = self.shelves[kind].products
        return [shelf[min(int(row), len(shelf) - 1)] for row in dict.fromkeys(drawn.tolist())]

    def _look(self, visit: _Visit, product: Product, *, carts: bool) -> None:
        roll = self.chance.random(4)
        context: dict[str, Any] = {}
        if roll[0] < 0.45:
            place = "product-similar" if visit.events else "home-popular"
            context = {"placement": place, "position": 1 + int(roll[1] * 8)}
            if roll[1] < 0.6:
                self._add(visit, "impression", product, context=context, after=3)
            self._add(visit, "click", product, context=context, after=4)
        self._add(visit, "view", product, context=context, after=2)
        if roll[2] < 0.03:
            self._add(visit, "wishlist", product, after=15)
        if carts and roll[3] < 0.09:
            self._add(visit, "add_to_cart", product, after=30)
            visit.cart.append(product)
        visit.time += timedelta(seconds=15 + self.chance.exponential(45))

    def _check_out(self, visit: _Visit) -> None:
        for family in _ALONG.get(visit.cart[0].item_type, ()):
            goods = self.families.get(family)
            if goods and self.chance.random() < 0.24:
                extra = goods[int(len(goods) * self.chance.random() ** 1.4)]
                self._add(visit, "view", extra, after=10)
                self._add(visit, "add_to_cart", extra, after=12)
                visit.cart.append(extra)
        if self.chance.random() < 0.4:
            order = f"o-{self._uuid().hex[:10]}"
            where = self._store()
            for product in visit.cart:
                self._add(visit, "purchase", product, after=5, context=where, extra=self._bill(product, order=order))

    def _store(self) -> dict[str, Any] | None:
        """Return where an order is made, None online; the first stores are the busiest."""
        stores = self.site["stores"]
        if self.places.random() >= _IN_STORE:
            return None
        return {"channel": "store", "store_id": stores[int(len(stores) * self.places.random() ** 2)][0]}

    def _bill(self, product: Product, *, order: str) -> dict[str, Any]:
        amount = product.pieces[0].price * self.site["rate"] * (1 - product.reduced)
        price = retail_price(amount, currency=self.site["currency"])
        return {"order_id": order, "unit_price": str(price), "currency": self.site["currency"]}

    def _add(
        self, visit: _Visit, kind: str, product: Product, *, after: float,
        context: dict[str, Any] | None = None, extra: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        visit.time += timedelta(seconds=after)
        event: Event = {
            "id": str(self._uuid()),
            "type": kind,
            "time": visit.time.isoformat(),
            "item_id": product.item_id,
            "sku": product.pieces[0].sku,
            **(extra or {}),
        }
        if context:
            event["context"] = context
        if visit.shopper is not None:
            event |= {"anonymous_id": visit.shopper, "session_id": visit.session}
            if not visit.events:
                event["consent"] = visit.consent
        visit.events.append(event)

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.chance.bytes(16), version=4)


def simulate(
    *, site_id: str, products: Sequence[Product], until: datetime, seed: int, shoppers: int = SHOPPERS
) -> list[Event]:
    """Return the events of a site; `shoppers` counts those of all sites together."""
    share = table("sites")[site_id]["share"]
    return Simulation(site_id=site_id, products=products, until=until, seed=seed).run(shoppers=round(shoppers * share))


def in_batches(events: Sequence[Event], *, size: int) -> Iterator[Sequence[Event]]:
    """Yield the events in batches."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _by_family(products: Sequence[Product]) -> dict[str, list[Product]]:
    families: dict[str, list[Product]] = {}
    for product in products:
        for trait in product.traits:
            if trait.startswith("kind:"):
                families.setdefault(trait.removeprefix("kind:"), []).append(product)
    return families
