"""Lists of small writes over REST: stock, prices, stores, categories. One bad entry spoils no other."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.contracts import (
    MAX_ENTRIES_BYTES,
    CategoryEntries,
    CategoryInput,
    EntriesResult,
    PageQuery,
    PriceEntries,
    PriceUpdate,
    StockEntries,
    StockUpdate,
    StoreEntries,
    StoreInput,
)
from apps.profiles import api as profiles
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of
from specrec.kernel.paging import Page

JSON = "application/json"
SCOPES = {"GET": "catalog:read", "POST": "catalog:write"}
_PAGING = [
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter("limit", int, description="1 to 500; 50 by default."),
]
_RESULT = OpenApiExample(
    "One written, one refused",
    value={
        "written": 1,
        "unchanged": 0,
        "refused": 1,
        "results": [
            {"index": 0, "status": "updated", "id": "aldgate-tortoise-49"},
            {"index": 1, "status": "refused", "code": "sku_not_found", "field": "sku", "message": "There is no SKU x."},
        ],
    },
    response_only=True,
)


def _body(name: str, kind: type) -> dict[str, object]:
    entries = {"type": "array", "items": schema_of(kind)}
    return {JSON: {"type": "object", "required": [name], "additionalProperties": False, "properties": {name: entries}}}


class StockView(APIView):
    """Stock by SKU and place."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="updateStock",
        summary="Set stock levels",
        description="An entry with an `updated_at` before the stored one changes nothing. At most 5,000 entries.",
        tags=["catalogue"],
        request=_body("stock", StockUpdate),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "Sold out online",
                value={
                    "stock": [{"sku": "aldgate-tortoise-49", "on_hand": 0, "updated_at": "2026-11-22T10:00:00Z"}],
                },
                request_only=True,
            ),
            _RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, StockEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return _answer(api.write_stock(site_id=site_id, entries=body.stock, now=clock.now()))


class PricesView(APIView):
    """Prices by SKU."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="updatePrices",
        summary="Replace all prices of SKUs",
        description="An entry with an `updated_at` before the stored one changes nothing. At most 5,000 entries.",
        tags=["catalogue"],
        request=_body("prices", PriceUpdate),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "A price, and a lower one in one store",
                value={
                    "prices": [
                        {
                            "sku": "aldgate-tortoise-49",
                            "prices": [
                                {"amount": "129.00", "currency": "GBP"},
                                {"amount": "99.00", "currency": "GBP", "store_id": "leeds", "compare_at": "129.00"},
                            ],
                        }
                    ]
                },
                request_only=True,
            ),
            _RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, PriceEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return _answer(api.write_prices(site_id=site_id, entries=body.prices, now=clock.now()))


class StoresView(APIView):
    """Stores."""

    required_scope = SCOPES

    @extend_schema(
        operation_id="listStores",
        summary="List stores",
        tags=["catalogue"],
        parameters=_PAGING,
        responses={(200, JSON): schema_of(Page[StoreInput])},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer with a page in the order of store ids."""
        query = wire.convert(request.query_params.dict(), PageQuery, strict=False)
        site_id = profiles.caller_of(auth=request.auth).site_id
        page = api.list_stores(site_id=site_id, cursor=query.cursor, limit=query.limit)
        return HttpResponse(wire.encode(page), content_type=JSON)

    @extend_schema(
        operation_id="upsertStores",
        summary="Create or replace stores",
        tags=["catalogue"],
        request=_body("stores", StoreInput),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "A store",
                value={"stores": [{"store_id": "leeds", "name": "Leeds Briggate", "time_zone": "Europe/London"}]},
                request_only=True,
            ),
            _RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, StoreEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return _answer(api.write_stores(site_id=site_id, entries=body.stores, now=clock.now()))


class CategoriesView(APIView):
    """Categories."""

    required_scope = SCOPES

    @extend_schema(
        operation_id="listCategories",
        summary="List categories",
        tags=["catalogue"],
        parameters=_PAGING,
        responses={(200, JSON): schema_of(Page[CategoryInput])},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer with a page in the order of category ids."""
        query = wire.convert(request.query_params.dict(), PageQuery, strict=False)
        site_id = profiles.caller_of(auth=request.auth).site_id
        page = api.list_categories(site_id=site_id, cursor=query.cursor, limit=query.limit)
        return HttpResponse(wire.encode(page), content_type=JSON)

    @extend_schema(
        operation_id="upsertCategories",
        summary="Create or replace categories",
        description="A parent may come later; a category that would be below itself is refused.",
        tags=["catalogue"],
        request=_body("categories", CategoryInput),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "Two levels",
                value={
                    "categories": [
                        {"category_id": "frames", "name": {"en-GB": "Frames"}},
                        {"category_id": "frames-women", "name": {"en-GB": "Women"}, "parent_id": "frames"},
                    ]
                },
                request_only=True,
            ),
            _RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, CategoryEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return _answer(api.write_categories(site_id=site_id, entries=body.categories, now=clock.now()))


def _answer(result: EntriesResult) -> HttpResponse:
    return HttpResponse(wire.encode(result), content_type=JSON)
