"""Random filters: printed and read again they are the same, and let through what plain Python says they do."""

import re
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from apps.catalog import api
from apps.catalog.contracts import ItemColumns
from apps.catalog.filters.text import text_of
from apps.catalog.filters.tree import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Exists,
    Filter,
    Has,
    InStockAt,
    Moment,
    Not,
    OneOf,
    Value,
)
from tests.apps.catalog.builders import NOON
from tests.apps.catalog.filters import shop

NOW = NOON.timestamp()
EXACT = ("item_type", "category", "item_id")
TEXTS = {
    "brand": ["Vane", "VANE", "Lux", "nobody"],
    "item_type": ["frame", "service", "generic"],
    "category": ["women", "frames", "Women"],
    "item_id": ["round", "test", "Round"],
    "attr.shape": ["round", "SQUARE", "oval"],
    "attr.materials": ["steel", "acetate", "wood"],
    "attr.tags": ["summer", 'a "quoted" \\ one'],
    "attr.hall": ["B", "b", "4"],
    "attr.nobody": ["x"],
}
NUMBERS = {
    "price": [10.0, 20.0, 119.5, 120.0, 150.0],
    "discount": [0.0, 20.0],
    "attr.a_mm": [49.0, 52.5],
    "attr.sph_list": [-3.25, 2.0, 0.125],
    "attr.odd name": [4.0, 3.0],
    "attr.hall": [4.0],
}
FLAGS = ["in_stock", "on_offer", "attr.rx_able"]
MOMENTS = [Moment("now", -10 * 86_400), Moment("today", 0), Moment("now", -86_400 * 60), Moment("", 1_767_225_600)]


def _of(names: dict[str, list[Any]]) -> st.SearchStrategy[tuple[str, Value]]:
    return st.sampled_from([(name, value) for name, values in names.items() for value in values])


def _leaves() -> st.SearchStrategy[Condition]:
    equal, ordered = st.sampled_from(["=", "!="]), st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    moments = st.sampled_from(MOMENTS)
    numbers = _of(NUMBERS)
    return st.one_of(
        st.builds(lambda found, sign: Compare(found[0], sign, found[1]), _of(TEXTS), equal),
        st.builds(lambda found, sign: Compare(found[0], sign, found[1]), numbers, ordered),
        st.builds(Compare, st.sampled_from(FLAGS), equal, st.booleans()),
        st.builds(lambda sign, moment: Compare("released", sign, moment), ordered, moments),
        st.builds(lambda low, high: Between("released", low, high), moments, moments),
        st.builds(
            lambda found, more: Between(found[0], found[1], found[1] + more), numbers, st.sampled_from([0.0, 30.0])
        ),
        _several().map(lambda found: OneOf(*found)),
        _several().map(lambda found: Has(*found)),
        st.builds(Exists, st.sampled_from([*TEXTS, *NUMBERS, "released"])),
        st.builds(InStockAt, st.sampled_from(["leeds", "nowhere"])),
    )


def _several() -> st.SearchStrategy[tuple[str, tuple[Value, ...]]]:
    """Return a field with one to three of its values."""
    return st.sampled_from([*TEXTS]).flatmap(
        lambda name: st.tuples(st.just(name), st.lists(st.sampled_from(TEXTS[name]), min_size=1, max_size=3).map(tuple))
    )


TREES = st.recursive(
    _leaves(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def _values(facts: dict[str, Any], field: str) -> list[Any]:
    """Return what the item says in a field."""
    sold = facts["price"] is not None
    before = facts.get("before") or 0.0
    plain: dict[str, Any] = {
        "in_stock": [sold],
        "on_offer": [sold and before > facts["price"]],
        "price": [facts["price"]] if sold else [],
        "discount": [max(0.0, before - facts["price"]) / (before or 1.0) * 100.0] if sold else [],
        "brand": [facts["brand"]] if "brand" in facts else [],
        "released": [NOW - facts["days"] * 86_400],
    }
    if field in plain:
        return list(plain[field])
    value = facts["attr"].get(field.removeprefix("attr.")) if field.startswith("attr.") else facts.get(field)
    return [] if value is None else value if isinstance(value, list) else [value]


def _equal(field: str, one: Any, other: Value) -> bool:
    if isinstance(other, str):
        return isinstance(one, str) and (one == other if field in EXACT else one.lower() == other.lower())
    if isinstance(other, bool) or isinstance(one, bool):
        return one is other
    return _as_number(one) == _as_number(other)


def _as_number(value: Any) -> float | None:
    if isinstance(value, Moment):
        return {"": 0.0, "now": NOW, "today": NOW - NOW % 86_400}[value.base] + value.offset
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else None
    return float(value)


def _passes(condition: Condition, facts: dict[str, Any]) -> bool:
    match condition:
        case All(parts):
            return all(_passes(part, facts) for part in parts)
        case AnyOf(parts):
            return any(_passes(part, facts) for part in parts)
        case Not(part):
            return not _passes(part, facts)
        case InStockAt(store):
            return facts.get("always", False) or store in facts.get("stores", [])
        case Exists(field):
            return bool(_values(facts, field))
        case OneOf(field, values):
            return any(_equal(field, own, value) for own in _values(facts, field) for value in values)
        case Has(field, values):
            return all(any(_equal(field, own, value) for own in _values(facts, field)) for value in values)
        case _:
            return _compares(condition, facts)


def _compares(condition: Condition, facts: dict[str, Any]) -> bool:
    if isinstance(condition, Between):
        low, high = _as_number(condition.low), _as_number(condition.high)
        assert low is not None
        assert high is not None
        numbers = [_as_number(own) for own in _values(facts, condition.field)]
        return any(low <= number <= high for number in numbers if number is not None)
    assert isinstance(condition, Compare)
    own = _values(facts, condition.field)
    if condition.operator in ("=", "!="):
        return any(_equal(condition.field, one, condition.value) for one in own) == (condition.operator == "=")
    limit = _as_number(condition.value)
    assert limit is not None
    found = [number for one in own if (number := _as_number(one)) is not None]
    return any(
        {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}[condition.operator]
        for number in found
    )


class TestRandomFilters:
    @given(TREES)
    @settings(max_examples=300, deadline=None)
    def test_read_as_they_are_printed(self, tree: Condition) -> None:
        assert api.parse_filter(text_of(tree)).root == tree

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(tree=TREES)
    def test_let_through_what_plain_python_does(self, uk: str, tree: Condition) -> None:
        columns = _columns(uk)
        asked = Filter(key=text_of(tree), root=tree, by_place=True, by_time=True)

        mask = api.filter_mask(columns=columns, filter=asked, store_id=None, now=NOW)

        by_id = {facts["item_id"]: facts for facts in shop.FACTS}
        assert mask.tolist() == [_passes(tree, by_id[item_id]) for item_id in columns.item_ids]


_KEPT: dict[str, ItemColumns] = {}


def _columns(site_id: str) -> ItemColumns:
    """Return the columns of the shop, written once: they outlive the rows that they were read from."""
    if site_id not in _KEPT:
        _KEPT[site_id] = shop.write(site_id)
    return _KEPT[site_id]
