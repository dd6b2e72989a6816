"""REST: whole pages."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from apps.recommend.contracts.serving import PageAnswer, PageRequest
from apps.recommend.rest.answers import JSON
from apps.recommend.rest.doors import DOORS, SCOPE
from apps.recommend.rest.quick import QuickView
from specrec.kernel.openapi import schema_of

_ASKED = {
    "shopper": {"anonymous_id": "b5d1c1f0"},
    "item_ids": ["frame-aurora-round-52"],
    "slots": [
        {"placement": "product", "limit": 4},
        {"placement": "complete-the-pair", "slot": "below-the-basket"},
        {"placement": "home", "item_ids": []},
    ],
}


class PagesView(QuickView):
    """The question of a whole page: what goes into each of its slots?"""

    required_scope = SCOPE
    door = DOORS["pages"]

    @extend_schema(
        operation_id="recommend_page",
        tags=["recommendations"],
        summary="Recommend items for all slots of a page",
        request={JSON: schema_of(PageRequest)},
        responses={(200, JSON): schema_of(PageAnswer)},
        examples=[OpenApiExample("a product page", value=_ASKED, request_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer for all slots in one pass: no item comes twice, and slots stand in the order asked for."""
        return self.answer(request)
