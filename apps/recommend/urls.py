"""Addresses of recommend, below `/v1/`."""

from django.urls import path

from apps.recommend.rest.experiments import (
    ExperimentLooksView,
    ExperimentResultsView,
    ExperimentStartView,
    ExperimentStopView,
    ExperimentsView,
    ExperimentView,
)
from apps.recommend.rest.models import ModelsView, ModelView, PromotionView, RollbackView, TrainingView
from apps.recommend.rest.pages import PagesView
from apps.recommend.rest.placements import PlacementsView
from apps.recommend.rest.recommendations import RecommendationsView
from apps.recommend.rest.rules import (
    RuleArchiveView,
    RuleDraftView,
    RuleDryRunView,
    RuleNoticesView,
    RulePublicationView,
    RuleRevisionsView,
    RulesView,
    RuleView,
)
from apps.recommend.rest.traces import TraceReplayView, TracesView, TraceView

urlpatterns = [
    path("recommendations", RecommendationsView.as_view()),
    path("pages", PagesView.as_view()),
    path("placements", PlacementsView.as_view()),
    path("rules", RulesView.as_view()),
    path("rules/dry-run", RuleDryRunView.as_view()),
    path("rules/notices", RuleNoticesView.as_view()),
    path("rules/<str:rule>", RuleView.as_view()),
    path("rules/<str:rule>/revisions", RuleRevisionsView.as_view()),
    path("rules/<str:rule>/publish", RulePublicationView.as_view()),
    path("rules/<str:rule>/archive", RuleArchiveView.as_view()),
    path("rules/<str:rule>/discard", RuleDraftView.as_view()),
    path("traces", TracesView.as_view()),
    path("traces/<uuid:trace_id>", TraceView.as_view()),
    path("traces/<uuid:trace_id>/replay", TraceReplayView.as_view()),
    path("experiments", ExperimentsView.as_view()),
    path("experiments/<str:experiment>", ExperimentView.as_view()),
    path("experiments/<str:experiment>/start", ExperimentStartView.as_view()),
    path("experiments/<str:experiment>/stop", ExperimentStopView.as_view()),
    path("experiments/<str:experiment>/results", ExperimentResultsView.as_view()),
    path("experiments/<str:experiment>/looks", ExperimentLooksView.as_view()),
    path("models", ModelsView.as_view()),
    path("models/train", TrainingView.as_view()),
    path("models/rollback", RollbackView.as_view()),
    path("models/<str:stamp>", ModelView.as_view()),
    path("models/<str:stamp>/promote", PromotionView.as_view()),
]
