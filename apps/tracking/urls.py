"""Paths of tracking, relative to `/v1/`."""

from django.urls import path

from apps.tracking.rest.events import BeaconView, EventsView, StatusView
from apps.tracking.rest.lines import LinesView
from apps.tracking.rest.pixel import PixelView
from apps.tracking.rest.reports import DailyView

urlpatterns = [
    path("events", EventsView.as_view()),
    path("events/beacon", BeaconView.as_view()),
    path("events/bulk", LinesView.as_view()),
    path("events/pixel.gif", PixelView.as_view()),
    path("events/status", StatusView.as_view()),
    path("reports/daily", DailyView.as_view()),
]
