"""Merchandising rules: drafted in forms, tried, published, archived. Every change goes through the face."""

from typing import Any

import msgspec
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apps.recommend import api
from apps.recommend.admin.base import ReadOnlyAdmin
from apps.recommend.admin.rule_form import RuleForm, fields_for
from apps.recommend.contracts.rules import DryRunInput, RuleInfo, RuleKind
from apps.recommend.models import RULE_KINDS, MerchandisingRule, RuleChange, RuleReport
from specrec.kernel import clock, wire
from specrec.kernel.errors import Problem

_STEPS = {"_publish": api.publish_rule, "_archive": api.archive_rule, "_discard": api.discard_rule_draft}
_DONE = {"_publish": "is in force from now on", "_archive": "is archived", "_discard": "has no draft any longer"}
_TITLES = {"effect": "What it does", "target": "Which items", "scope": "Where", "schedule": "When"}


class RulePages(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Pages of rules beside Django's own: which kind is wanted, and what lists would be."""

    def get_urls(self) -> list[URLPattern]:
        """Return the dry run, and Django's own."""
        own = path("dry-run", self.admin_site.admin_view(self.show_dry_run), name="recommend_rules_dry_run")
        return [own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask which kind of rule is wanted, then show its form."""
        if "kind" in request.GET or request.method == "POST":
            return super().add_view(request, form_url, extra_context)
        context = self.admin_site.each_context(request) | {"title": "What shall the rule do?", "kinds": RULE_KINDS}
        return TemplateResponse(request, "admin/recommend/merchandisingrule/kinds.html", context | {"opts": self.opts})

    def show_dry_run(self, request: HttpRequest) -> HttpResponse:
        """Show lists as they are beside lists as they would be."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        site_id = request.GET.get("site", "")
        names = {"rules": "rule", "archived": "archived", "placements": "placement", "item_ids": "item"}
        asked: dict[str, Any] = {field: request.GET.getlist(name) for field, name in names.items()}
        asked["store_ids"] = request.GET.getlist("store")
        context = self.admin_site.each_context(request) | {"title": "Dry run", "opts": self.opts, "site_id": site_id}
        try:
            found = api.dry_run_rules(site_id=site_id, asked=wire.convert(asked, DryRunInput), now=clock.now())
        except Problem as problem:
            messages.error(request, problem.message)
            return TemplateResponse(request, "admin/recommend/merchandisingrule/dry_run.html", context)
        cases = [_shown(msgspec.structs.asdict(case)) for case in found.cases]
        changed = sum(case["before"] != case["after"] for case in cases)
        context |= {"run": found, "cases": cases, "changed": changed}
        return TemplateResponse(request, "admin/recommend/merchandisingrule/dry_run.html", context)


@admin.register(MerchandisingRule)
class RuleAdmin(RulePages):
    """Rules as merchandisers work with them. Nothing is deleted: what is not wanted is archived."""

    form = RuleForm
    list_display = ("site_id", "rule", "title", "kind", "priority", "state_words", "holds", "next_change", "warnings")
    list_display_links = ("rule",)
    list_filter = ("site_id", "state", "kind")
    search_fields = ("rule", "written__title")
    actions = ("publish_selected", "archive_selected")
    change_form_template = "admin/recommend/merchandisingrule/change_form.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return no: archived rules stay, with what was done to them."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what a stored rule keeps for ever."""
        return ["site_id", "rule"] if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of the rule's kind."""
        kind = obj.kind if obj else request.POST.get("kind") or request.GET.get("kind")
        names = fields_for(msgspec.convert(kind, RuleKind))
        own = ["site_id", "rule", "title", "priority", "note", "kind", "number"]
        parts = [(title, [name for name in names if name.startswith(part)]) for part, title in _TITLES.items()]
        return [
            (dict(RULE_KINDS)[str(kind)], {"fields": own}),
            *((title, {"fields": found}) for title, found in parts if found),
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list, each row with what is known of its rule now."""
        changes = super().get_changelist_instance(request)
        now = clock.now()
        infos: dict[tuple[str, str], RuleInfo] = {}
        noted: dict[tuple[str, str], str] = {}
        for site_id in {row.site_id for row in changes.result_list}:
            infos |= {(site_id, info.written.rule): info for info in api.list_rules(site_id=site_id, now=now)}
            for one in reversed(api.list_rule_notices(site_id=site_id, now=now)):
                words = f"{one.day}: left {one.emptied} lists empty, {one.unshown} without its pin ({one.placement})"
                noted[site_id, one.rule] = words
        for row in changes.result_list:
            row.info, row.noted = infos[row.site_id, row.rule], noted.get((row.site_id, row.rule), "")
        return changes

    @admin.display(description="title")
    def title(self, row: MerchandisingRule) -> str:
        """Return what it is for."""
        return str((row.draft or row.written).get("title", ""))

    @admin.display(description="state", ordering="state")
    def state_words(self, row: MerchandisingRule) -> str:
        """Return the state, and whether there is a draft beside it."""
        return f"{row.get_state_display()}, with a draft" if row.draft else str(row.get_state_display())

    @admin.display(description="in force now", boolean=True)
    def holds(self, row: Any) -> bool:
        """Return whether it holds now."""
        return bool(row.info.in_force)

    @admin.display(description="next change (UTC)")
    def next_change(self, row: Any) -> str:
        """Return when it next begins or ends to hold."""
        return f"{row.info.next_change:%Y-%m-%d %H:%M}" if row.info.next_change else "-"

    @admin.display(description="warnings")
    def warnings(self, row: Any) -> str:
        """Return what makes it do nothing, and what it did that somebody should know."""
        return " ".join([*row.info.warnings, row.noted]).strip() or "-"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's
        """Store what was typed in as a draft, where anything was changed."""
        if change and not form.has_changed():
            return
        number = obj.number if change else None
        by = request.user.get_username()
        api.save_rule(site_id=obj.site_id, rule=form.written, number=number, by=by, now=clock.now())
        obj.pk = MerchandisingRule.objects.get(site_id=obj.site_id, rule=obj.rule).pk
        obj.refresh_from_db()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Archive, or forget a draft, whatever else stands in the form; tell what somebody else was faster with."""
        try:
            for step in ("_archive", "_discard"):
                row = self.get_object(request, object_id) if object_id and step in request.POST else None
                if row is not None and self.has_change_permission(request, row):
                    return self._step(request, row, step)
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            messages.error(request, problem.message)
            return HttpResponseRedirect(request.get_full_path())

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to what was asked for besides saving."""
        return self._next(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go on to what was asked for besides saving."""
        return self._next(request, obj) or super().response_change(request, obj)

    @admin.action(description="Publish the selected rules", permissions=["change"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[MerchandisingRule]) -> None:
        """Put the drafts in force."""
        self._step_all(request, queryset, "_publish")

    @admin.action(description="Archive the selected rules", permissions=["change"])
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[MerchandisingRule]) -> None:
        """Take the rules out of force."""
        self._step_all(request, queryset, "_archive")

    def _next(self, request: HttpRequest, row: MerchandisingRule) -> HttpResponse | None:
        if "_dryrun" in request.POST:
            page = reverse("admin:recommend_rules_dry_run")
            return HttpResponseRedirect(f"{page}?site={row.site_id}&rule={row.rule}")
        return self._step(request, row, "_publish") if "_publish" in request.POST else None

    def _step(self, request: HttpRequest, row: MerchandisingRule, step: str) -> HttpResponse:
        self._do(request, row, step)
        return HttpResponseRedirect(reverse("admin:recommend_merchandisingrule_changelist"))

    def _step_all(self, request: HttpRequest, rows: QuerySet[MerchandisingRule], step: str) -> None:
        for row in rows:
            try:
                self._do(request, row, step)
            except Problem as problem:
                self.message_user(request, problem.message, messages.ERROR)

    def _do(self, request: HttpRequest, row: MerchandisingRule, step: str) -> None:
        by = request.user.get_username()
        _STEPS[step](site_id=row.site_id, rule=row.rule, number=row.number, by=by, now=clock.now())
        self.message_user(request, f"{row.rule} {_DONE[step]}.")


@admin.register(RuleChange)
class RuleChangeAdmin(ReadOnlyAdmin):
    """The audit."""

    list_display = ("at", "site_id", "rule", "number", "action", "by")
    list_filter = ("site_id", "action")
    search_fields = ("rule", "by")


@admin.register(RuleReport)
class RuleReportAdmin(ReadOnlyAdmin):
    """What rules did that somebody should know."""

    list_display = ("day", "site_id", "rule", "placement", "emptied", "unshown")
    list_filter = ("site_id", "day")
    search_fields = ("rule", "placement")


def _shown(case: dict[str, Any]) -> dict[str, Any]:
    """Return the case with its two lists side by side: (place, before, after, whether they differ)."""
    before, after = case["before"], case["after"]
    size = max(len(before), len(after))
    pairs = [(_at(before, place), _at(after, place)) for place in range(size)]
    rows = [(place, old, new, old != new) for place, (old, new) in enumerate(pairs, start=1)]
    return case | {"places": rows, "moved": before != after}


def _at(items: tuple[str, ...], place: int) -> str:
    return items[place] if place < len(items) else "-"
