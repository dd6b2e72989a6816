"""The shop of the demo as journeys ask it: over HTTP, with what its catalogue says of every item at hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from demo.catalogue.build import products_of
from demo.catalogue.products import Product
from demo.run import Demo
from demo.seeding import Size
from tests.journeys.door import Door, ids

SITE = "uk"
SIZE = Size(scale=0.3, shoppers=500)
HISTORY, HEALTH = "history_personalisation", "rx_personalisation"


@dataclass(frozen=True)
class DemoShop:
    """A running demo: the doors of its British site, and its products by id."""

    server: Door
    browser: Door
    products: dict[str, Product] = field(repr=False)

    def ask(self, placement: str, **asked: Any) -> dict[str, Any]:
        """Ask for a placement as the back office does."""
        return self.server.recommend(placement, **asked)

    def of(self, answer: dict[str, Any]) -> list[Product]:
        """Return the products of the slate."""
        return [self.products[item_id] for item_id in ids(answer)]

    def item(self, item_id: str) -> dict[str, Any]:
        """Return the item as the catalogue has it."""
        found: dict[str, Any] = self.server.must("GET", f"/v1/items/{item_id}")
        return found

    def any_of(self, item_type: str, **facts: Any) -> Product:
        """Return the first product of the type with these attributes."""
        return next(self.all_of(item_type, **facts))

    def all_of(self, item_type: str, **facts: Any) -> Iterator[Product]:
        """Yield the products of the type with these attributes, in the order of their ids."""
        for _, product in sorted(self.products.items()):
            said = product.attributes
            if product.item_type == item_type and all(said.get(name) == value for name, value in facts.items()):
                yield product

    def did(
        self, shopper: str, *told: tuple[str, Product, float], consent: Iterable[str] = (HISTORY,), **changes: Any
    ) -> None:
        """Send what a shopper did: (type, product, days ago), oldest first."""
        events = [
            {
                "id": str(uuid4()),
                "type": kind,
                "time": (datetime.now(UTC) - timedelta(days=days)).isoformat(),
                "anonymous_id": shopper,
                "item_id": product.item_id,
                "consent": list(consent),
                "historical": days > 1,
                **(_bill(product) if kind == "purchase" else {}),
                **changes,
            }
            for kind, product, days in told
        ]
        answer = self.server.must("POST", "/v1/events", {"events": events})
        assert answer["accepted"] == len(events), answer


def _bill(product: Product) -> dict[str, Any]:
    return {"order_id": f"o-{uuid4()}", "unit_price": f"{product.pieces[0].price:.2f}", "currency": "GBP"}


def open_demo(demo: Demo) -> DemoShop:
    """Return the British site of a running demo."""
    keys = demo.keys[SITE]
    products = {product.item_id: product for product in products_of(SITE, scale=SIZE.scale)}
    return DemoShop(Door(demo.url, keys["secret"]), Door(demo.url, keys["publishable"]), products)


def codes(answer: dict[str, Any]) -> set[str]:
    """Return the codes of the reasons."""
    return {reason["code"] for item in answer["items"] for reason in item["reasons"]}
