"""Stores and categories over REST: lists of small writes, and pages to read."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, EntriesResult, PageQuery, StoreInput
from apps.catalog.rest.bodies import MAX_ENTRIES_BYTES, CategoryEntries, StoreEntries
from apps.catalog.rest.entries import RESULT, answer, body_of
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
        request=body_of("stores", StoreInput),
        responses={(200, JSON): schema_of(EntriesResult)},
        examples=[
            OpenApiExample(
                "A store",
                value={"stores": [{"store_id": "leeds", "name": "Leeds Briggate", "time_zone": "Europe/London"}]},
                request_only=True,
            ),
            RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, StoreEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return answer(api.write_stores(site_id=site_id, entries=body.stores, now=clock.now()))


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
        request=body_of("categories", CategoryInput),
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
            RESULT,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Write the entries; the result says what became of each."""
        body = wire.decode(request.body, CategoryEntries, max_bytes=MAX_ENTRIES_BYTES)
        site_id = profiles.caller_of(auth=request.auth).site_id
        return answer(api.write_categories(site_id=site_id, entries=body.categories, now=clock.now()))
