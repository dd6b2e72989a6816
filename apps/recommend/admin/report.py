"""The report of a model version, as a page of its own and as JSON."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.recommend import api
from apps.recommend.admin.base import ReadOnlyAdmin
from apps.recommend.models import ModelVersion
from specrec.kernel.errors import NotFound

# The page holds all that it shows; nothing else may be loaded by it, and no script may run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class ReportedAdmin(ReadOnlyAdmin):
    """For model versions: a column with the link to the report, and the two addresses that it is at."""

    @admin.display(description="report")
    def report_link(self, version: ModelVersion) -> str | SafeString:
        """Return links to the page and to the JSON, a dash for a version that was not evaluated."""
        if not version.report:
            return "-"
        page, data = (reverse(f"admin:recommend_report_{form}", args=[version.pk]) for form in ("page", "json"))
        return format_html('<a href="{}">open</a> (<a href="{}">JSON</a>)', page, data)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and those of reports."""
        page, data = self.admin_site.admin_view(self.show_report), self.admin_site.admin_view(self.export_report)
        own = [
            path("<int:number>/report", page, name="recommend_report_page"),
            path("<int:number>/report.json", data, name="recommend_report_json"),
        ]
        return [*own, *super().get_urls()]

    def show_report(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer with the page."""
        answer = self._answer(request, number, api.show_report, "text/html; charset=utf-8")
        answer["Content-Security-Policy"] = _POLICY
        return answer

    def export_report(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer with the JSON."""
        return self._answer(request, number, api.export_report, "application/json")

    def _answer(
        self, request: HttpRequest, number: int, make: Callable[..., str | bytes], content_type: str
    ) -> HttpResponse:
        """Answer with the report of a version that this person may look at."""
        version: Any = self.get_object(request, str(number))
        if version is None or not self.has_view_permission(request, version):
            return HttpResponse(status=404)
        try:
            report = make(site_id=version.site_id, stamp=version.stamp)
        except NotFound as problem:
            return HttpResponse(problem.message, status=404, content_type="text/plain; charset=utf-8")
        return HttpResponse(report, content_type=content_type)
