"""Items over REST: list, get, write one, delete."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.contracts import Item, ItemInput, ItemKey, ItemQuery, WriteResult
from apps.catalog.rest.bodies import DeleteQuery
from apps.profiles import api as profiles
from specrec.kernel import clock, wire
from specrec.kernel.errors import Invalid
from specrec.kernel.openapi import schema_of
from specrec.kernel.paging import Page

JSON = "application/json"
SCOPES = {"GET": "catalog:read", "POST": "catalog:write", "PUT": "catalog:write", "DELETE": "catalog:write"}
FRAME: dict[str, Any] = {
    "item_id": "aldgate",
    "item_type": "frame",
    "name": {"en-GB": "Aldgate", "de-DE": "Aldgate"},
    "brand": "Norfolk & Vane",
    "category_ids": ["frames", "frames-women"],
    "attributes": {"shape": "panto", "rim": "full", "materials": ["acetate"], "gender_marketed": ["unisex"]},
    "image_urls": ["/media/aldgate.svg"],
    "url": "/p/aldgate",
    "source_version": 7,
    "variants": [
        {
            "sku": "aldgate-tortoise-49",
            "attributes": {"colour_front": "tortoise", "a_mm": 49, "b_mm": 41, "dbl_mm": 21, "temple_mm": 145},
            "cost": "31.50",
            "prices": [{"amount": "129.00", "currency": "GBP"}],
            "stock": [{"on_hand": 12}, {"store_id": "leeds", "on_hand": 2}],
        }
    ],
}
_EXAMPLES = [
    OpenApiExample("A frame", value=FRAME, request_only=True),
    OpenApiExample("Written", value={"id": "aldgate", "status": "created"}, response_only=True),
]
_PAGING = [
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter("limit", int, description="1 to 500; 50 by default."),
]


class ItemsView(APIView):
    """The catalogue of the site."""

    required_scope = SCOPES

    @extend_schema(
        operation_id="listItems",
        summary="List items in the order of their ids",
        tags=["catalogue"],
        parameters=[
            *_PAGING,
            OpenApiParameter("item_type", str),
            OpenApiParameter("category_id", str, description="Items in this category or in one below it."),
            OpenApiParameter("published", bool, description="A publishable key sees published items only."),
        ],
        responses={(200, JSON): schema_of(Page[Item])},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer with a page."""
        caller = profiles.caller_of(auth=request.auth)
        query = wire.convert(request.query_params.dict(), ItemQuery, strict=False)
        page = api.list_items(
            site_id=caller.site_id,
            cursor=query.cursor,
            limit=query.limit,
            item_type=query.item_type,
            category_id=query.category_id,
            published=query.published if caller.kind == "secret" else True,
        )
        return HttpResponse(wire.encode(page), content_type=JSON)

    @extend_schema(
        operation_id="upsertItem",
        summary="Create or replace an item",
        tags=["catalogue"],
        request={JSON: schema_of(ItemInput)},
        responses={(200, JSON): schema_of(WriteResult), (201, JSON): schema_of(WriteResult)},
        examples=_EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the item whole: 201 when it is new, 200 when it was updated or unchanged."""
        return _written(request, wire.decode(request.body, ItemInput))


class ItemView(APIView):
    """One item."""

    required_scope = SCOPES

    @extend_schema(
        operation_id="getItem",
        summary="Get an item with its variants, prices and stock",
        tags=["catalogue"],
        responses={(200, JSON): schema_of(Item)},
    )
    def get(self, request: Request, item_id: str) -> HttpResponse:
        """Answer with the item; a publishable key sees it only while it is published."""
        caller = profiles.caller_of(auth=request.auth)
        key = wire.convert({"item_id": item_id}, ItemKey)
        item = api.get_item(site_id=caller.site_id, item_id=key.item_id, published_only=caller.kind != "secret")
        return HttpResponse(wire.encode(item), content_type=JSON)

    @extend_schema(
        operation_id="putItem",
        summary="Create or replace the item with this id",
        tags=["catalogue"],
        request={JSON: schema_of(ItemInput)},
        responses={(200, JSON): schema_of(WriteResult), (201, JSON): schema_of(WriteResult)},
        examples=_EXAMPLES,
    )
    def put(self, request: Request, item_id: str) -> HttpResponse:
        """Write the item whole; the id in the body must be the one in the address."""
        item = wire.decode(request.body, ItemInput)
        if item.item_id != item_id:
            message = f"The address names the item {item_id[:128]!r}, the body {item.item_id!r}."
            raise Invalid(message, code="id_mismatch", field="item_id")
        return _written(request, item)

    @extend_schema(
        operation_id="deleteItem",
        summary="Delete an item",
        tags=["catalogue"],
        parameters=[
            OpenApiParameter("source", str, description="Refuse when the item belongs to another source."),
            OpenApiParameter("source_version", int, description="Change nothing when the stored version is newer."),
        ],
        responses={(200, JSON): schema_of(WriteResult)},
        examples=[OpenApiExample("Deleted", value={"id": "aldgate", "status": "deleted"}, response_only=True)],
    )
    def delete(self, request: Request, item_id: str) -> HttpResponse:
        """Delete it; its SKUs are free again, and an older version cannot bring it back."""
        key = wire.convert({"item_id": item_id}, ItemKey)
        query = wire.convert(request.query_params.dict(), DeleteQuery, strict=False)
        result = api.delete_item(
            site_id=profiles.caller_of(auth=request.auth).site_id,
            item_id=key.item_id,
            now=clock.now(),
            source=query.source,
            source_version=query.source_version,
        )
        return HttpResponse(wire.encode(result), content_type=JSON)


def _written(request: Request, item: ItemInput) -> HttpResponse:
    site_id = profiles.caller_of(auth=request.auth).site_id
    result = api.upsert_item(site_id=site_id, item=item, now=clock.now())
    return HttpResponse(wire.encode(result), content_type=JSON, status=201 if result.status == "created" else 200)
