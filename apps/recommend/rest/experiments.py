"""REST: experiments. Who runs which with what came of it is the business's own: a browser's key opens none of it."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.recommend import api
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, ExperimentResults, ExperimentStop
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

_EXAMPLE = {
    "experiment": "home-diversity-1",
    "title": "More variety on the home page",
    "placements": ["home"],
    "variants": [{"variant": "control"}, {"variant": "varied", "changes": {"diversity": 0.4}}],
    "metric": "conversion",
    "planned_units": 40_000,
}


class ExperimentsView(APIView):
    """The experiments of a site."""

    required_scope = {"GET": "experiments:read", "PUT": "experiments:write"}

    @extend_schema(
        operation_id="list_experiments",
        tags=["experiments"],
        responses={(200, JSON): schema_of(list[ExperimentInfo])},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the experiments of the key's site, newest first."""
        return as_json(api.list_experiments(site_id=site_of(request)))

    @extend_schema(
        operation_id="put_experiment",
        tags=["experiments"],
        request={JSON: schema_of(ExperimentInput)},
        responses={(200, JSON): schema_of(ExperimentInfo)},
        examples=[OpenApiExample("more variety", value=_EXAMPLE, request_only=True)],
    )
    def put(self, request: Request) -> HttpResponse:
        """Create an experiment as a draft, or change it; of a running one title, ramp, guardrails and end."""
        written = wire.decode(request.body, ExperimentInput)
        return as_json(api.ensure_experiment(site_id=site_of(request), written=written, now=clock.now()))


class ExperimentView(APIView):
    """One experiment."""

    required_scope = "experiments:read"

    @extend_schema(
        operation_id="show_experiment", tags=["experiments"], responses={(200, JSON): schema_of(ExperimentInfo)}
    )
    def get(self, request: Request, experiment: str) -> HttpResponse:
        """Show the experiment."""
        return as_json(api.show_experiment(site_id=site_of(request), experiment=experiment))


class ExperimentStartView(APIView):
    """The start of a draft."""

    required_scope = "experiments:write"

    @extend_schema(
        operation_id="start_experiment",
        tags=["experiments"],
        request=None,
        responses={(200, JSON): schema_of(ExperimentInfo)},
    )
    def post(self, request: Request, experiment: str) -> HttpResponse:
        """Let the draft run; 409 names the experiment that is in the way."""
        return as_json(api.start_experiment(site_id=site_of(request), experiment=experiment, now=clock.now()))


class ExperimentStopView(APIView):
    """The end."""

    required_scope = "experiments:write"

    @extend_schema(
        operation_id="stop_experiment",
        tags=["experiments"],
        request={JSON: schema_of(ExperimentStop)},
        responses={(200, JSON): schema_of(ExperimentInfo)},
        examples=[OpenApiExample("with a verdict", value={"note": "Kept.", "conclude": True}, request_only=True)],
    )
    def post(self, request: Request, experiment: str) -> HttpResponse:
        """End the experiment: everybody has the placement as it is from now on, and the figures stay."""
        asked = wire.decode(request.body or b"{}", ExperimentStop)
        info = api.stop_experiment(
            site_id=site_of(request),
            experiment=experiment,
            now=clock.now(),
            note=asked.note,
            conclude=asked.conclude,
        )
        return as_json(info)


class ExperimentResultsView(APIView):
    """What came of it."""

    required_scope = "experiments:read"

    @extend_schema(
        operation_id="see_experiment_results",
        tags=["experiments"],
        responses={(200, JSON): schema_of(ExperimentResults)},
    )
    def get(self, request: Request, experiment: str) -> HttpResponse:
        """Show every metric of every variant beside the control, at most ten minutes old."""
        return as_json(api.see_results(site_id=site_of(request), experiment=experiment, now=clock.now()))


class ExperimentLooksView(APIView):
    """What it showed day by day."""

    required_scope = "experiments:read"

    @extend_schema(
        operation_id="list_experiment_looks",
        tags=["experiments"],
        responses={(200, JSON): schema_of(list[ExperimentResults])},
    )
    def get(self, request: Request, experiment: str) -> HttpResponse:
        """List the results as they stood each day, oldest first."""
        return as_json(api.list_looks(site_id=site_of(request), experiment=experiment))
