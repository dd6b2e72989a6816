"""REST: placements."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo, PlacementInput
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import wire
from specrec.kernel.openapi import schema_of


class PlacementsView(APIView):
    """The named slots of a site."""

    required_scope = {"GET": "catalog:read", "PUT": "catalog:write"}

    @extend_schema(
        operation_id="list_placements", tags=["placements"], responses={(200, JSON): schema_of(list[PlacementInfo])}
    )
    def get(self, request: Request) -> HttpResponse:
        """List the placements of the key's site."""
        return as_json(api.list_placements(site_id=site_of(request)))

    @extend_schema(
        operation_id="put_placement",
        tags=["placements"],
        request={JSON: schema_of(PlacementInput)},
        responses={(200, JSON): schema_of(PlacementInfo)},
        examples=[
            OpenApiExample(
                "frames for you",
                value={
                    "placement": "home",
                    "title": "For you",
                    "strategy": "for_you",
                    "size": 12,
                    "item_types": ["frame"],
                },
                request_only=True,
            )
        ],
    )
    def put(self, request: Request) -> HttpResponse:
        """Create or change one placement."""
        placement = wire.decode(request.body, PlacementInput)
        return as_json(api.ensure_placement(site_id=site_of(request), placement=placement))
