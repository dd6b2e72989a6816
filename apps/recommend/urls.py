"""Addresses of recommend, below `/v1/`."""

from django.urls import path

from apps.recommend.rest.models import ModelsView, ModelView, PromotionView, RollbackView, TrainingView
from apps.recommend.rest.placements import PlacementsView
from apps.recommend.rest.recommendations import RecommendationsView

urlpatterns = [
    path("recommendations", RecommendationsView.as_view()),
    path("placements", PlacementsView.as_view()),
    path("models", ModelsView.as_view()),
    path("models/train", TrainingView.as_view()),
    path("models/rollback", RollbackView.as_view()),
    path("models/<str:stamp>", ModelView.as_view()),
    path("models/<str:stamp>/promote", PromotionView.as_view()),
]
