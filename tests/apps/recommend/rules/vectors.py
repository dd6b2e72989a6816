"""The cases of `tests/vectors/rules`, and the small catalogue that they are about, as columns without a database."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from apps.catalog import api as catalog
from apps.catalog.contracts import AttributeColumn, ItemColumns, Offer, StorePrices
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.rules.compile import CompiledRules, compile_rules
from apps.recommend.rules.plan import Plan

FOLDER = Path(__file__).resolve().parents[3] / "vectors" / "rules"
SHOP: dict[str, Any] = json.loads((FOLDER / "catalogue.json").read_text())
ITEMS: list[dict[str, Any]] = SHOP["items"]
IDS = [item["id"] for item in ITEMS]
RELEASED = datetime.fromisoformat("2026-01-01T00:00:00Z").timestamp()
USUAL_TIME = "2026-01-15T12:00:00Z"


def read_cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of one file."""
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
    return cases


def to_rules(written: list[dict[str, Any]]) -> list[RuleInput]:
    """Return the rules of a case, oldest first."""
    return [msgspec.convert({"title": rule["rule"], **rule}, RuleInput) for rule in written]


def make_columns() -> ItemColumns:
    """Return the nine items."""
    types, type_codes = _coded("type")
    brands, brand_codes = _coded("brand")
    shapes, shape_codes = _coded("shape")
    categories = list(dict.fromkeys(name for item in ITEMS for name in item["categories"]))
    groups = [[categories.index(name) for name in item["categories"]] for item in ITEMS]
    worn = [[code] if ITEMS[row]["shape"] else [] for row, code in enumerate(shape_codes)]
    count = len(ITEMS)
    return ItemColumns(
        site_id="lens-lane",
        stamp=1,
        built_at=RELEASED,
        next_change=float("inf"),
        currency="GBP",
        locale="en-GB",
        item_ids=IDS,
        row_of={item: row for row, item in enumerate(IDS)},
        item_types=types,
        item_type=np.array(type_codes, dtype=np.int8),
        brands=brands,
        brand=np.array(brand_codes, dtype=np.int32),
        published=np.array([item.get("published", True) for item in ITEMS]),
        stock_managed=np.ones(count, dtype=np.bool_),
        released_at=np.full(count, RELEASED),
        category_ids=categories,
        category_indptr=_indptr(groups),
        category_indices=_flat(groups),
        variant_indptr=np.arange(count + 1, dtype=np.int32),
        skus=[f"{item}-1" for item in IDS],
        price=np.array([float(item["price"]) for item in ITEMS]),
        in_stock=np.array([item["online"] for item in ITEMS]),
        compare_at=np.full(count, np.nan),
        cost=np.array([np.nan if item["cost"] is None else float(item["cost"]) for item in ITEMS]),
        store_price={"soho": _store_prices()},
        store_stock={"soho": np.flatnonzero(["stores" in item for item in ITEMS]).astype(np.int32)},
        names={},
        descriptions={},
        image_urls=[None] * count,
        urls=[None] * count,
        attributes=[{} for _ in ITEMS],
        attribute_columns={
            "shape": AttributeColumn(
                np.full(count, np.nan), _indptr(worn), _flat(worn), [name or "" for name in shapes]
            )
        },
        store_ids=frozenset({"soho"}),
    )


def named(rows: Any) -> list[str]:
    """Return the items of the rows."""
    return [IDS[row] for row in np.asarray(rows).tolist()]


def _coded(field: str) -> tuple[list[Any], list[int]]:
    names = list(dict.fromkeys(item[field] for item in ITEMS))
    return names, [names.index(item[field]) for item in ITEMS]


def _indptr(groups: list[list[int]]) -> np.ndarray:
    return np.cumsum([0, *map(len, groups)]).astype(np.int32)


def _flat(groups: list[list[int]]) -> np.ndarray:
    return np.array([code for codes in groups for code in codes], dtype=np.int32)


def _store_prices() -> StorePrices:
    own = [(row, float(item["stores"]["soho"])) for row, item in enumerate(ITEMS) if item.get("stores", {}).get("soho")]
    return StorePrices(
        np.array([row for row, _ in own], dtype=np.int32),
        np.array([amount for _, amount in own]),
        np.full(len(own), np.nan),
    )


COLUMNS = make_columns()


class Run:
    """One case: its rules compiled, and the plan for what it asks."""

    def __init__(self, case: dict[str, Any]) -> None:
        ask: dict[str, Any] = case.get("ask", {})
        self.limit: int = ask.get("size", 4)
        self.banned = {COLUMNS.row_of[item] for item in ask.get("banned", [])}
        self.offer: Offer = catalog.offer(columns=COLUMNS, store_id=ask.get("store_id"))
        only = np.array([item in ask.get("only", IDS) for item in IDS])
        self.now = datetime.fromisoformat(case.get("at", USUAL_TIME)).timestamp()
        self.rules: CompiledRules = compile_rules(to_rules(case["rules"]), columns=COLUMNS, time_zone=SHOP["time_zone"])
        self.situation = self.rules.situation(
            placement=ask.get("placement", "home"),
            store_id=ask.get("store_id"),
            channel=ask.get("channel", "web"),
            category_ids=ask.get("category_ids", ()),
            audiences=ask.get("audiences", ()),
        )
        self.mask = self.offer.available & only
        self.plan: Plan = self.rules.plan_for(self.situation, now=self.now, mask=self.mask, offer=self.offer)
