"""The catalogue over GraphQL. A page costs a statement for each table that it asks for, and none for the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import graphene
from graphene.types.generic import GenericScalar
from graphene.types.resolver import attr_resolver
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, Depth, Item, ItemKey, ItemQuery, StoreInput, Variant
from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from specrec.kernel import wire
from specrec.kernel.errors import Invalid
from specrec.kernel.paging import Page, to_cursor

MAX_ROWS = 100  # prices or stock levels of a variant; REST gives all of them
MAX_PUBLIC_PAGE = 100


@dataclass(frozen=True, slots=True)
class _Shown:
    """An item, variant or category in the languages that the caller reads, best first."""

    row: Any
    locales: tuple[str, ...]

    def text(self, texts: dict[str, str]) -> str:
        return api.localise(texts=texts, locales=self.locales)


def _row_resolver(name: str, default: Any, root: _Shown, _info: graphene.ResolveInfo, **_: Any) -> Any:
    return getattr(root.row, name, default)


class PriceNode(graphene.ObjectType):
    """A price; `storeId` absent means everywhere, `validUntil` is exclusive."""

    class Meta:
        default_resolver = attr_resolver

    amount = graphene.String(required=True, description="A decimal number as text, so that nothing is rounded.")
    currency = graphene.String(required=True)
    store_id = graphene.String()
    compare_at = graphene.String()
    valid_from = graphene.DateTime()
    valid_until = graphene.DateTime()


class StockNode(graphene.ObjectType):
    """Pieces at one place; `storeId` absent means the online warehouse."""

    class Meta:
        default_resolver = attr_resolver

    store_id = graphene.String()
    on_hand = graphene.Int(required=True)
    reserved = graphene.Int(required=True)
    try_on_sample = graphene.Boolean(required=True)
    updated_at = graphene.DateTime(required=True)


class VariantNode(graphene.ObjectType):
    """A sellable unit."""

    class Meta:
        default_resolver = _row_resolver

    sku = graphene.String(required=True)
    gtin = graphene.String()
    name = graphene.String(required=True)
    attributes = GenericScalar(required=True)
    image_urls = graphene.List(graphene.NonNull(graphene.String), required=True)
    prices = graphene.List(
        graphene.NonNull(PriceNode), required=True, description=f"The first {MAX_ROWS}, by currency and store id."
    )
    stock = graphene.List(
        graphene.NonNull(StockNode), required=True, description=f"The first {MAX_ROWS} places, by store id."
    )

    @staticmethod
    def resolve_name(root: _Shown, _info: graphene.ResolveInfo) -> str:
        """Return the name in the asked language."""
        return root.text(root.row.name)


class ItemNode(graphene.ObjectType):
    """A catalogue item in one language."""

    class Meta:
        default_resolver = _row_resolver

    item_id = graphene.String(required=True)
    item_type = graphene.String(required=True)
    name = graphene.String(required=True)
    description = graphene.String(required=True)
    brand = graphene.String(required=True)
    category_ids = graphene.List(graphene.NonNull(graphene.String), required=True)
    attributes = GenericScalar(required=True, description="By name; which there are depends on the item type.")
    image_urls = graphene.List(graphene.NonNull(graphene.String), required=True)
    url = graphene.String()
    published = graphene.Boolean(required=True)
    stock_managed = graphene.Boolean(required=True)
    released_at = graphene.DateTime(required=True)
    updated_at = graphene.DateTime(required=True)
    variants = graphene.List(graphene.NonNull(VariantNode), required=True)

    @staticmethod
    def resolve_name(root: _Shown, _info: graphene.ResolveInfo) -> str:
        """Return the name in the asked language."""
        return root.text(root.row.name)

    @staticmethod
    def resolve_description(root: _Shown, _info: graphene.ResolveInfo) -> str:
        """Return the description in the asked language."""
        return root.text(root.row.description)

    @staticmethod
    def resolve_variants(root: _Shown, _info: graphene.ResolveInfo) -> list[_Shown]:
        """Return the variants, in the same language."""
        variants: Sequence[Variant] = root.row.variants
        return [_Shown(variant, root.locales) for variant in variants]


class CatalogPageInfo(graphene.ObjectType):
    """Where a page ends."""

    class Meta:
        default_resolver = attr_resolver

    has_next_page = graphene.Boolean(required=True)
    end_cursor = graphene.String()


class ItemEdge(graphene.ObjectType):
    """An item and the cursor that stands after it."""

    cursor = graphene.String(required=True)
    node = graphene.Field(ItemNode, required=True)


class ItemConnection(graphene.ObjectType):
    """A page of items."""

    edges = graphene.List(graphene.NonNull(ItemEdge), required=True)
    page_info = graphene.Field(CatalogPageInfo, required=True)


class CategoryNode(graphene.ObjectType):
    """A node of the category tree."""

    class Meta:
        default_resolver = _row_resolver

    category_id = graphene.String(required=True)
    name = graphene.String(required=True)
    parent_id = graphene.String()
    position = graphene.Int(required=True)

    @staticmethod
    def resolve_name(root: _Shown, _info: graphene.ResolveInfo) -> str:
        """Return the name in the asked language."""
        return root.text(root.row.name)


class StoreNode(graphene.ObjectType):
    """A store."""

    class Meta:
        default_resolver = attr_resolver

    store_id = graphene.String(required=True)
    name = graphene.String(required=True)
    time_zone = graphene.String()
    address = graphene.String(required=True)
    latitude = graphene.Float()
    longitude = graphene.Float()
    is_active = graphene.Boolean(required=True)


class Query(graphene.ObjectType):
    """What."""

    item = graphene.Field(
        ItemNode,
        item_id=graphene.String(required=True),
        locale=graphene.String(description="Such as en-GB; that of the site when absent."),
        description="One item, null where there is none.",
    )
    items = graphene.Field(
        ItemConnection,
        required=True,
        first=graphene.Int(
            default_value=20, description=f"1 to 500; with a publishable key at most {MAX_PUBLIC_PAGE}."
        ),
        after=graphene.String(),
        item_type=graphene.String(),
        category_id=graphene.String(),
        locale=graphene.String(),
        description="Items in the order of their ids. A publishable key sees published ones only.",
    )
    categories = graphene.List(
        graphene.NonNull(CategoryNode),
        required=True,
        first=graphene.Int(default_value=500),
        locale=graphene.String(),
    )
    stores = graphene.List(graphene.NonNull(StoreNode), required=True, first=graphene.Int(default_value=500))

    @staticmethod
    def resolve_item(_root: None, info: graphene.ResolveInfo, item_id: str, locale: str | None = None) -> _Shown | None:
        """Return the item if the site has it and the caller may see it."""
        caller = _reader(info)
        key = wire.convert({"item_id": item_id}, ItemKey, at="")
        found = api.get_items(
            site_id=caller.site_id,
            item_ids=[key.item_id],
            published_only=caller.kind != "secret",
            depth=_depth(info),
        )
        return _Shown(found[0], _locales(caller, locale)) if found else None

    @staticmethod
    def resolve_items(
        _root: None, info: graphene.ResolveInfo, first: int, locale: str | None = None, **given: Any
    ) -> ItemConnection:
        """Return a page."""
        caller = _reader(info)
        if caller.kind != "secret" and first > MAX_PUBLIC_PAGE:
            message = f"With a publishable key a page has at most {MAX_PUBLIC_PAGE} items, got {first}."
            raise Invalid(message, code="bad_limit", field="limit")
        names = {"after": "cursor"}
        asked = {names.get(name, name): value for name, value in given.items() if value is not None}
        query = wire.convert(asked | {"limit": first}, ItemQuery)
        page = api.list_items(
            site_id=caller.site_id,
            cursor=query.cursor,
            limit=query.limit,
            item_type=query.item_type,
            category_id=query.category_id,
            published=None if caller.kind == "secret" else True,
            depth=_depth(info, "edges", "node"),
        )
        return _connection(page, _locales(caller, locale))

    @staticmethod
    def resolve_categories(
        _root: None, info: graphene.ResolveInfo, first: int, locale: str | None = None
    ) -> list[_Shown]:
        """Return the first categories."""
        caller = _reader(info)
        page: Page[CategoryInput] = api.list_categories(site_id=caller.site_id, limit=first)
        locales = _locales(caller, locale)
        return [_Shown(category, locales) for category in page.items]

    @staticmethod
    def resolve_stores(_root: None, info: graphene.ResolveInfo, first: int) -> list[StoreInput]:
        """Return the first stores."""
        return api.list_stores(site_id=_reader(info).site_id, limit=first).items


def _reader(info: graphene.ResolveInfo) -> Caller:
    return profiles.require_scope(caller=info.context.caller, scope="catalog:read")


def _locales(caller: Caller, locale: str | None) -> tuple[str, ...]:
    own = profiles.get_site(site_id=caller.site_id).locale
    return (locale, own) if locale else (own,)


def _depth(info: graphene.ResolveInfo, *path: str) -> Depth:
    """Return how much of the items at this path beneath the field is asked for."""
    nodes = list(info.field_nodes)
    for name in (*path, "variants"):
        nodes = [node for node in _beneath(nodes, info) if node.name.value == name]
    asked = {node.name.value for node in _beneath(nodes, info)}
    return Depth(
        variants=bool(nodes),
        prices=MAX_ROWS if "prices" in asked else 0,
        stock=MAX_ROWS if "stock" in asked else 0,
    )


def _beneath(nodes: Sequence[FieldNode], info: graphene.ResolveInfo) -> Iterator[FieldNode]:
    spread: set[str] = set()  # a fragment says the same each time: read once, nested ones cannot multiply
    for node in nodes:
        if node.selection_set is not None:
            yield from _fields(node.selection_set, info, spread)


def _fields(selected: SelectionSetNode, info: graphene.ResolveInfo, spread: set[str]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, info, spread)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            yield from _fields(info.fragments[node.name.value].selection_set, info, spread)


def _connection(page: Page[Item], locales: tuple[str, ...]) -> ItemConnection:
    edges = [ItemEdge(cursor=to_cursor(item.item_id), node=_Shown(item, locales)) for item in page.items]
    end = edges[-1].cursor if edges else None
    return ItemConnection(
        edges=edges,
        page_info=CatalogPageInfo(has_next_page=page.next_cursor is not None, end_cursor=end),
    )
