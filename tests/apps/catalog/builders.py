"""Items as small as they may be; a test names what it is about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.catalog.contracts import ItemInput, PriceInput, StockInput, VariantInput

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def price(amount: str = "10.00", **given: Any) -> PriceInput:
    """Return a price in pounds, everywhere and always."""
    plain: dict[str, Any] = {"amount": Decimal(amount), "currency": "GBP"}
    return PriceInput(**plain | given)


def variant(sku: str = "aldgate-49", **given: Any) -> VariantInput:
    """Return a variant with a price and three pieces online."""
    return VariantInput(**{"sku": sku, "prices": [price()], "stock": [StockInput(on_hand=3)]} | given)


def item(item_id: str = "aldgate", **given: Any) -> ItemInput:
    """Return an item with one variant, whose SKU is the item id and -49."""
    plain = {
        "item_id": item_id,
        "item_type": "generic",
        "name": {"en-GB": item_id.title()},
        "variants": [variant(f"{item_id}-49")],
    }
    return ItemInput(**plain | given)


def wire_item(item_id: str = "aldgate", **given: Any) -> dict[str, Any]:
    """Return an item as it comes over the wire."""
    plain = {
        "item_id": item_id,
        "item_type": "generic",
        "name": {"en-GB": item_id.title()},
        "variants": [{"sku": f"{item_id}-49", "prices": [{"amount": "10.00", "currency": "GBP"}]}],
    }
    return plain | given


def problem_of(response: Any) -> tuple[int, str, str | None]:
    """Return status, code and field of an answer that must be a problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document = response.json()
    assert document["status"] == response.status_code
    assert document["detail"]
    return response.status_code, document["code"], document.get("field")
