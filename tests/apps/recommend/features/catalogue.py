"""A catalogue of seven items as columns, without a database."""

from typing import Any
from uuid import UUID

import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.state import Touch

DAY = 86_400.0
NOW = 20_500 * DAY + 43_200.0
WEIGHTS = {"view": 1.0, "click": 1.0, "wishlist": 2.0, "add_to_cart": 2.0, "purchase": 3.0, "rate": 1.0}
ANNA = UUID(int=7)

# item, type, brand, categories, price, attributes
_ITEMS: list[tuple[str, str, str, list[str], float, dict[str, Any]]] = [
    ("aid-1", "hearing", "Sonor", ["hearing"], 900.0, {}),
    ("frame-1", "frame", "Lumen", ["frames", "round"], 10.0, {"shape": "round", "colour_family": "Black"}),
    ("frame-2", "frame", "Lumen", ["frames", "round"], 20.0, {"shape": "round", "colour_front": "tortoise"}),
    ("frame-3", "frame", "Ardea", ["frames"], 30.0, {"shape": "aviator"}),
    ("frame-4", "frame", "Ardea", ["frames"], 40.0, {}),
    ("frame-5", "frame", "", ["frames"], 50.0, {}),
    ("sun-1", "sunglasses", "Lumen", [], float("nan"), {}),
]


def columns() -> ItemColumns:
    """Return the columns."""
    types, brands = ["frame", "hearing", "sunglasses"], ["", "Ardea", "Lumen", "Sonor"]
    categories = ["frames", "hearing", "round"]
    count = len(_ITEMS)
    codes = [[categories.index(name) for name in item[3]] for item in _ITEMS]
    return ItemColumns(
        site_id="lens-lane",
        stamp=1,
        built_at=NOW,
        next_change=float("inf"),
        currency="GBP",
        locale="en-GB",
        item_ids=[item[0] for item in _ITEMS],
        row_of={item[0]: row for row, item in enumerate(_ITEMS)},
        item_types=types,
        item_type=np.array([types.index(item[1]) for item in _ITEMS], dtype=np.int8),
        brands=brands,
        brand=np.array([brands.index(item[2]) for item in _ITEMS], dtype=np.int32),
        published=np.ones(count, dtype=np.bool_),
        stock_managed=np.ones(count, dtype=np.bool_),
        released_at=np.zeros(count),
        category_ids=categories,
        category_indptr=np.cumsum([0, *map(len, codes)]).astype(np.int32),
        category_indices=np.array([code for row in codes for code in row], dtype=np.int32),
        variant_indptr=np.arange(count + 1, dtype=np.int32),
        skus=[f"{item[0]}-52" for item in _ITEMS],
        price=np.array([item[4] for item in _ITEMS]),
        in_stock=np.ones(count, dtype=np.bool_),
        store_price={},
        compare_at=np.full(count, np.nan),
        cost=np.full(count, np.nan),
        store_stock={},
        names={"en-GB": [item[0] for item in _ITEMS]},
        descriptions={"en-GB": [""] * count},
        image_urls=[None] * count,
        urls=[None] * count,
        attributes=[item[5] for item in _ITEMS],
    )


FACTS = ItemFacts(columns())


def touch(item: str, kind: str = "view", *, days: float = 0.0, session: int = 0) -> Touch:
    """Return a touch so many days before NOW."""
    time = NOW - days * DAY
    return Touch(item, kind, time, hash((item, kind, time)) & 0xFFFF_FFFF, session)
