"""Paths of tracking, relative to `/v1/`."""

from django.urls import path

from apps.tracking.rest import BeaconView, EventsView, StatusView

urlpatterns = [
    path("events", EventsView.as_view()),
    path("events/beacon", BeaconView.as_view()),
    path("events/status", StatusView.as_view()),
]
