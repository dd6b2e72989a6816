"""A small catalogue, twice: as it is written, and as dictionaries that say plainly what filters ask for."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, ItemColumns, PriceInput, StockInput, StoreInput
from tests.apps.catalog.builders import NOON, item, variant

DAY = 86_400
FACTS: list[dict[str, Any]] = [
    {
        "item_id": "round",
        "item_type": "frame",
        "brand": "Vane",
        "category": ["women", "frames"],
        "price": 150.0,
        "attr": {"shape": "round", "materials": ["steel", "acetate"], "rx_able": True, "tags": ["Summer"], "a_mm": 49},
        "days": 10,
        "stores": ["leeds"],
    },
    {
        "item_id": "square",
        "item_type": "frame",
        "brand": "Lux",
        "category": ["men", "frames"],
        "price": 120.0,
        "before": 150.0,
        "attr": {"shape": "square", "materials": ["acetate"], "rx_able": False, "a_mm": 52.5},
        "days": 60,
    },
    {"item_id": "lens", "item_type": "contact_lens", "price": 20.0, "attr": {"sph_list": [-3.25, 2]}, "days": 60},
    {"item_id": "cloth", "item_type": "generic", "price": 10.0, "attr": {"hall": "B", "odd name": 4}, "days": 61},
    {"item_id": "rope", "item_type": "generic", "brand": "vane", "price": None, "attr": {"hall": 4}, "days": 0},
    {"item_id": "test", "item_type": "service", "price": 10.0, "attr": {}, "days": 60, "always": True},
]


def write(site_id: str) -> ItemColumns:
    """Write the catalogue and return its columns."""
    tree = [CategoryInput(category_id="frames", name={"en": "F"})]
    tree += [CategoryInput(category_id=key, name={"en": key}, parent_id="frames") for key in ("women", "men")]
    api.upsert_categories(site_id=site_id, categories=tree, now=NOON)
    api.upsert_stores(site_id=site_id, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)
    items = [_item(facts) for facts in FACTS]
    assert all(hasattr(found, "status") for found in api.upsert_items(site_id=site_id, items=items, now=NOON))
    return api.load_columns(site_id=site_id, now=NOON)


def _item(facts: dict[str, Any]) -> Any:
    attributes = dict(facts["attr"])
    own = {"a_mm": attributes.pop("a_mm")} if "a_mm" in attributes else {}
    before = facts.get("before")
    prices = []
    if facts["price"] is not None:
        compared = None if before is None else Decimal(str(before))
        prices = [PriceInput(amount=Decimal(str(facts["price"])), currency="GBP", compare_at=compared)]
    stock = [StockInput(on_hand=2), *(StockInput(on_hand=1, store_id=store) for store in facts.get("stores", []))]
    return item(
        facts["item_id"],
        item_type=facts["item_type"],
        brand=facts.get("brand", ""),
        category_ids=facts.get("category", [])[:1],
        attributes=attributes,
        variants=[variant(facts["item_id"], attributes=own, prices=prices, stock=stock)],
        released_at=NOON - timedelta(days=facts["days"]),
        stock_managed=not facts.get("always", False),
    )
