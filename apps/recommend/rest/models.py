"""REST: model versions and training."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.recommend import api
from apps.recommend.contracts import Accepted, ModelInfo, TrainingRequest
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of


class ModelsView(APIView):
    """The model versions of a site."""

    required_scope = "catalog:read"

    @extend_schema(operation_id="list_models", tags=["models"], responses={(200, JSON): schema_of(list[ModelInfo])})
    def get(self, request: Request) -> HttpResponse:
        """List the model versions of the key's site, newest first."""
        return as_json(api.list_models(site_id=site_of(request)))


class TrainingView(APIView):
    """Training on demand."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="train",
        tags=["models"],
        request={JSON: schema_of(TrainingRequest)},
        responses={(202, JSON): schema_of(Accepted)},
        examples=[OpenApiExample("with another recipe", value={"recipe": "shop-1"}, request_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Start a training of the key's site in the background; without a body with the recipe of its schedule."""
        asked = wire.decode(request.body or b"{}", TrainingRequest)
        api.start_training(site_id=site_of(request), now=clock.now(), recipe=asked.recipe)
        return as_json(Accepted(), status=202)
