"""Traces of answers: what the customer was told, what merchandisers may see, and the whole record for auditors.

Whoever may view traces sees the first two; the whole record, with what was known of the shopper, opens with the
permission to change traces, which nothing else uses, and leaves an entry in the history of the trace.
"""

import json
from typing import Any

import msgspec
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from apps.recommend import api
from apps.recommend.admin.base import ReadOnlyAdmin
from apps.recommend.contracts.traces import OF_SHOPPER, Against
from apps.recommend.models import Trace, TraceSampling
from specrec.kernel.errors import Problem

_VIEWS = {
    "customer": "What the customer was told",
    "merchandiser": "How the list came about",
    "auditor": "Whole record",
}


@admin.register(Trace)
class TraceAdmin(ReadOnlyAdmin):
    list_display = ("trace_id", "site_id", "at", "placement", "strategy", "fallback", "places", "model")
    list_filter = ("site_id", "placement")
    search_fields = ("trace_id",)

    @admin.display(description="strategy")
    def strategy(self, trace: Trace) -> str:
        """Return the strategy of the placement."""
        return str(trace.content["strategy"])

    @admin.display(description="fallback")
    def fallback(self, trace: Trace) -> str:
        """Return the first strategy that had to fill in, a dash where none had."""
        return trace.content["fallback"] or "-"

    @admin.display(description="items")
    def places(self, trace: Trace) -> int:
        """Return how long the list was."""
        return int(trace.content["items"])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer with the page of one trace, and with its replay where that was asked for."""
        del form_url
        trace = self.get_object(request, object_id)
        if trace is None or not self.has_view_permission(request, trace):
            return HttpResponse(status=404)
        try:
            context = self._context(request, trace)
        except Problem as problem:
            self.message_user(request, problem.message, messages.ERROR)
            return HttpResponseRedirect("../../")
        own = self.admin_site.each_context(request) | context | (extra_context or {})
        return TemplateResponse(request, "recommend/trace.html", own)

    def may_see_all(self, request: HttpRequest) -> bool:
        """Return whether this person may read what was known of shoppers."""
        return request.user.has_perm("recommend.change_trace")

    def _context(self, request: HttpRequest, trace: Trace) -> dict[str, Any]:
        views = [name for name in _VIEWS if name != "auditor" or self.may_see_all(request)]
        view = request.GET.get("view", "merchandiser")
        view = view if view in views else "merchandiser"
        info = api.show_trace(site_id=trace.site_id, trace_id=trace.trace_id, whole=view != "merchandiser")
        if view == "auditor":
            self.log_change(request, trace, "Read with what was known of the shopper.")
        context: dict[str, Any] = {
            "title": f"Trace {trace.trace_id}",
            "trace": info,
            "view": view,
            "opts": self.opts,
            "personal": OF_SHOPPER,
        }
        context["views"] = [(name, _VIEWS[name]) for name in views]
        if view == "auditor":
            context["record"] = json.dumps(msgspec.to_builtins(info), indent=2, ensure_ascii=False)
        if request.method == "POST":
            against: Against = "then" if request.POST.get("against") == "then" else "now"
            context["replay"] = api.replay_trace(site_id=trace.site_id, trace_id=trace.trace_id, against=against)
        return context


@admin.register(TraceSampling)
class TraceSamplingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("site_id", "share", "kept_days")
