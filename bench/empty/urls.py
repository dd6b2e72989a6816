"""The addresses of specrec and the empty view."""

from django.urls import path

from bench.empty.view import empty
from specrec.urls import urlpatterns as _specrec

urlpatterns = [path("bench/empty", empty), *_specrec]
