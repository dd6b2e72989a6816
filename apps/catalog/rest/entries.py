"""Lists of small writes over REST: stock, prices, stores, categories. One bad entry spoils no other."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.contracts import EntriesResult, PriceUpdate, StockUpdate
from apps.catalog.rest.bodies import MAX_ENTRIES_BYTES, PriceEntries, StockEntries
from apps.profiles import api as profiles
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

JSON = "application/json"
SCOPES = {"GET": "catalog:read", "POST": "catalog:write"}
_PAGING = [
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter("limit", int, description="1 to 500; 50 by default."),
]
RESULT = OpenApiExample(
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


def body_of(name: str, kind: type) -> dict[str, object]:
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
        request=body_of("stock", StockUpdate),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "Sold out online",
                value={
                    "stock": [{"sku": "aldgate-tortoise-49", "on_hand": 0, "updated_at": "2026-11-22T10:00:00Z"}],
                },
                request_only=True,
            ),
            RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, StockEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return answer(api.write_stock(site_id=site_id, entries=body.stock, now=clock.now()))


class PricesView(APIView):
    """Prices by SKU."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="updatePrices",
        summary="Replace all prices of SKUs",
        description="An entry with an `updated_at` before the stored one changes nothing. At most 5,000 entries.",
        tags=["catalogue"],
        request=body_of("prices", PriceUpdate),
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
            RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, PriceEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return answer(api.write_prices(site_id=site_id, entries=body.prices, now=clock.now()))


def answer(result: EntriesResult) -> HttpResponse:
    return HttpResponse(wire.encode(result), content_type=JSON)
