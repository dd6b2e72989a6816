"""The names of the filter language: what each is, and which values it may be compared with."""

from functools import cache
from typing import Literal, get_args

import msgspec
from msgspec import inspect

from apps.catalog.conf.checking import ITEM_ATTRIBUTES, VARIANT_ATTRIBUTES
from apps.catalog.contracts import ItemType

Kind = Literal["number", "text", "flag", "time", "any"]
ATTRIBUTE = "attr."
BY_PLACE = frozenset({"price", "discount", "in_stock", "on_offer"})
# What people write first, and what it is called here.
INSTEAD = {
    "stock": "in_stock, or in_stock_at with the id of a store",
    "on_hand": "in_stock",
    "available": "in_stock",
    "store": "in_stock_at with the id of the store",
    "tags": "tag",
    "type": "item_type",
    "categories": "category",
    "category_id": "category",
    "released_at": "released",
    "color": "colour_family",
    "sale": "on_offer",
}


class Field(msgspec.Struct, frozen=True):
    """A name that filters may use. `exact`: texts are ids, and compared letter by letter; else case does not matter.

    many: an item may have several values; choices: the only values that there are, any where it is empty
    """

    name: str
    kind: Kind
    many: bool = False
    exact: bool = False
    choices: tuple[str, ...] = ()
    meaning: str = ""


_OWN = (
    Field("price", "number", meaning="what it costs at the store asked for, else online, in the site's currency"),
    Field("discount", "number", meaning="per cent off the price before; 0 where there was none"),
    Field("brand", "text", meaning="the brand"),
    Field("item_type", "text", exact=True, choices=get_args(ItemType), meaning="the type of the item"),
    Field("category", "text", many=True, exact=True, meaning="ids of its categories, and of those above them"),
    Field("item_id", "text", exact=True, meaning="the item itself"),
    Field("released", "time", meaning="when it came out"),
    Field("in_stock", "flag", meaning="it can be had at the store asked for, else online"),
    Field("on_offer", "flag", meaning="it has a price before that is higher"),
)
_TAG = Field(f"{ATTRIBUTE}tags", "text", many=True, meaning="its free words")


@cache
def known() -> dict[str, Field]:
    """Return every bare name: those of all items, then the attributes of the item types."""
    names = {field.name: field for field in _OWN} | {"tag": _TAG}
    for kinds in (ITEM_ATTRIBUTES, VARIANT_ATTRIBUTES):
        for kind in kinds.values():
            for found in inspect.type_info(kind).fields:  # type: ignore[attr-defined]  # every struct has fields
                if found.name in ("extra", "tags"):
                    continue
                field = _attribute(found.name, found.type)
                before = names.get(found.name)
                names.setdefault(found.name, field)
                if before is not None and before.name.startswith(ATTRIBUTE):
                    names[found.name] = _merged(before, field)
    return names


@cache
def bare_names() -> dict[str, str]:
    """Return how each known field is written, by its full name."""
    return {field.name: bare for bare, field in known().items()}


def field_of(name: str) -> Field | None:
    """Return what a name as written (`price`, `shape`, `attr.hall`) or as kept in a tree means; None: nobody knows.

    Any attribute may be named in full; one that no item type knows is compared with whatever it is compared with.
    """
    field = known().get(bare_names().get(name, name))
    if field is None and name.startswith(ATTRIBUTE):
        return Field(name, "any", many=True)
    return field


def _attribute(name: str, kind: inspect.Type) -> Field:
    options = list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]
    many = any(isinstance(option, inspect.ListType) for option in options)
    plain: list[inspect.Type] = []
    for option in options:
        inner = option.item_type if isinstance(option, inspect.ListType) else option
        plain += inner.types if isinstance(inner, inspect.UnionType) else [inner]
    found = {_kind_of(option) for option in plain if not isinstance(option, inspect.NoneType)}
    only = found.pop() if len(found) == 1 else "any"
    choices = [value for option in plain if isinstance(option, inspect.LiteralType) for value in option.values]
    return Field(ATTRIBUTE + name, only, many=many, choices=tuple(map(str, choices)) if only == "text" else ())


def _kind_of(kind: inspect.Type) -> Kind:
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return "number"
    return "flag" if isinstance(kind, inspect.BoolType) else "text"


def _merged(one: Field, other: Field) -> Field:
    """Return the field of a name that two item types have: whatever either takes."""
    kind: Kind = one.kind if one.kind == other.kind else "any"
    both = one.choices and other.choices and kind == "text"
    choices = tuple(sorted({*one.choices, *other.choices})) if both else ()
    return Field(one.name, kind, many=one.many or other.many, choices=choices)
