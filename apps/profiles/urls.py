"""Paths of profiles below `/v1/`."""

from django.urls import path

from apps.profiles import rest

urlpatterns = [
    path("shoppers/consent", rest.ConsentView.as_view()),
    path("shoppers/merge", rest.MergeView.as_view()),
    path("shoppers/profile", rest.ProfileView.as_view()),
]
