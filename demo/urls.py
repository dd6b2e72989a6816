"""Addresses of the demo: all of specrec, and the shop beside it on the same origin."""

from django.urls import include, path
from django.views.generic import RedirectView

from specrec.urls import handler400, handler403, handler404, handler500
from specrec.urls import urlpatterns as specrec_urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", RedirectView.as_view(url="/shop/uk/"), name="front"),
    path("shop/", include("demo.shop.urls")),
    *specrec_urlpatterns,
]
