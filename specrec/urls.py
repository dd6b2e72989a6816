"""What this process serves: the services named in `SPECREC_SERVICES`, and always health and the documentation."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from specrec import health, metrics, openapi  # noqa: F401 - the document's extensions register themselves on import
from specrec.graphql_view import SpecrecGraphQLView

# The order decides what is found soonest, and nothing else: no two services share a path.
APPS = ("recommend", "tracking", "catalog", "profiles")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(f"apps.{name}.urls")) for name in APPS if name in settings.SERVICES
]
urlpatterns += [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("version", health.version),
    path("metrics", metrics.metrics),
    path("v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("v1/docs", SpectacularSwaggerView.as_view(url_name="openapi"), name="docs"),
]
if "graphql" in settings.SERVICES:
    urlpatterns.append(path("graphql", SpecrecGraphQLView.as_view(), name="graphql"))
if "admin" in settings.SERVICES:
    admin.site.site_header = admin.site.site_title = "specrec"
    admin.site.index_title = "Store and merchandising desk"
    urlpatterns.append(path("admin/", admin.site.urls))

handler400 = "specrec.errors.bad_request"
handler403 = "specrec.errors.permission_denied"
handler404 = "specrec.errors.page_not_found"
handler500 = "specrec.errors.server_error"
