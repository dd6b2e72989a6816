"""The rules of each site's intake, and from there the inspector of what came in."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.profiles import api as profiles
from apps.tracking.admin import inspector
from apps.tracking.models import IntakeRules
from specrec.kernel import clock


@admin.register(IntakeRules)
class IntakeRulesAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """What a site has set of its intake; in force within ten seconds."""

    list_display = (
        "site_id",
        "session_gap_minutes",
        "split_at_midnight",
        "split_at_campaign",
        "drop_bots",
        "inspector",
    )
    change_list_template = "tracking/intake_rules.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Return the site for rules that exist: they are the rules of that one."""
        return ["site_id"] if obj else []

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the sites that there are."""
        if db_field.name == "site_id":
            sites = [(site.site_id, f"{site.name} ({site.site_id})") for site in profiles.list_sites()]
            help_text = "Whose intake it is. A site without rules has the values that a new form shows."
            return forms.ChoiceField(label="Site", choices=sites, help_text=help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        """Return the paths of the lists and forms, and that of the inspector."""
        own = path("inspector/", self.admin_site.admin_view(self.show_inspector), name="tracking_inspector")
        return [own, *super().get_urls()]

    def show_inspector(self, request: HttpRequest) -> HttpResponse:
        """Show what came into a site, to whoever may see its rules."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        own = inspector.make_context(chosen=request.GET.get("site"), now=clock.now())
        own["refresh"] = f"{request.path}?site={own['chosen']}"
        return TemplateResponse(request, "tracking/inspector.html", self.admin_site.each_context(request) | own)

    @admin.display(description="what came in")
    def inspector(self, rules: IntakeRules) -> SafeString:
        """Return the way to the inspector of the site."""
        return format_html('<a href="{}?site={}">Inspect</a>', reverse("admin:tracking_inspector"), rules.site_id)
