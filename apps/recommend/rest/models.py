"""REST: model versions and training."""

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api as profiles
from apps.recommend import api
from apps.recommend.contracts.models import Accepted, ModelDetail, ModelInfo, TrainingRequest
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of


class ModelsView(APIView):
    """The model versions of a site."""

    required_scope = "catalog:read"

    @extend_schema(operation_id="list_models", tags=["models"], responses={(200, JSON): schema_of(list[ModelInfo])})
    def get(self, request: Request) -> HttpResponse:
        """List the model versions of the key's site, newest first; figures and notes only for a server's key."""
        models = api.list_models(site_id=site_of(request))
        if profiles.caller_of(auth=request.auth).kind != "secret":
            models = [msgspec.structs.replace(model, metrics={}, note="") for model in models]
        return as_json(models)


class ModelView(APIView):
    """One model version. It tells how the business goes, so a browser's key does not open it."""

    required_scope = "catalog:write"

    @extend_schema(operation_id="show_model", tags=["models"], responses={(200, JSON): schema_of(ModelDetail)})
    def get(self, request: Request, stamp: str) -> HttpResponse:
        """Show all that is recorded of the version: what it learned from, its figures, what it does in service."""
        return as_json(api.show_model(site_id=site_of(request), stamp=stamp))


class PromotionView(APIView):
    """Promotion by hand."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="promote_model", tags=["models"], request=None, responses={(200, JSON): schema_of(ModelInfo)}
    )
    def post(self, request: Request, stamp: str) -> HttpResponse:
        """Answer with this version from now on, whatever the gate said."""
        return as_json(api.promote_model(site_id=site_of(request), stamp=stamp, now=clock.now()))


class RollbackView(APIView):
    """The way back."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="roll_back_model", tags=["models"], request=None, responses={(200, JSON): schema_of(ModelInfo)}
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the version that was promoted before, and return it."""
        return as_json(api.roll_back(site_id=site_of(request), now=clock.now()))


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
