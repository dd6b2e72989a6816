"""Sites, keys and shoppers for staff."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.profiles import api
from apps.profiles.contracts import PUBLISHABLE_SCOPES, SCOPES, IssuedKey
from apps.profiles.models import ApiKey, Consent, ConsentRecord, Shopper, ShopperIdentity, Site
from specrec.kernel import clock
from specrec.kernel.errors import Problem

OVERLAP = timedelta(days=7)


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Markets and brands."""

    list_display = ["slug", "name", "locale", "currency", "time_zone", "event_retention_days"]
    search_fields = ["slug", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Site | None = None) -> list[str]:
        """Return the slug for a site that exists: everything else refers to it."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        """Return no: a site is erased by an operator, with all that belongs to it."""
        return False


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new key. Leave the scopes empty for all that the kind may have."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=f"What it may do; none for all. A publishable key: {', '.join(PUBLISHABLE_SCOPES)}.",
    )

    class Meta:
        model = ApiKey
        fields = ["site", "kind", "name", "scopes", "allowed_origins"]

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, at the field."""
        cleaned = super().clean() or {}
        kind, scopes = cleaned.get("kind"), cleaned.get("scopes") or []
        if kind == ApiKey.Kind.PUBLISHABLE and (wrong := sorted(set(scopes) - set(PUBLISHABLE_SCOPES))):
            self.add_error("scopes", f"Anybody can read a publishable key, so it may not have {', '.join(wrong)}.")
        if kind == ApiKey.Kind.SECRET and cleaned.get("allowed_origins"):
            self.add_error("allowed_origins", "A secret key must never reach a browser, so it has no origins.")
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Leave the scopes to the form: none means all, which the model does not know."""
        return {*super()._get_validation_exclusions(), "scopes"}  # type: ignore[misc]  # the stubs lack it


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Keys are made here and end here; nothing of them is changed, and their secret is shown once."""

    form = KeyForm
    list_display = ["key_id", "site", "kind", "name", "state", "last_used_at"]
    list_filter = ["site", "kind"]
    list_select_related = ["site"]
    search_fields = ["key_id", "name"]
    actions = ["rotate", "revoke"]
    shown = ["key_id", "site", "kind", "name", "scopes", "allowed_origins", "created_at"]

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Return whether the key works, and until when."""
        if key.revoked_at:
            return "revoked"
        if key.expires_at:
            return "expired" if key.expires_at <= clock.now() else f"until {key.expires_at:%Y-%m-%d %H:%M}"
        return "works"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """Return what a new key needs, or all that may be seen of one."""
        return [*self.shown, "expires_at", "revoked_at", "last_used_at"] if obj else list(KeyForm.Meta.fields)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Return no for a single key: it is seen, not changed. The list keeps its actions."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Return no: a revoked key stays, so that it is known what it was."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001
        """Make the key through the face."""
        issued = api.create_key(
            site_id=obj.site_id,
            kind="secret" if obj.kind == ApiKey.Kind.SECRET else "publishable",
            name=obj.name,
            scopes=form.cleaned_data["scopes"] or None,
            allowed_origins=obj.allowed_origins,
        )
        obj.key_id = issued.key_id
        obj.refresh_from_db()
        obj.issued = issued  # type: ignore[attr-defined]  # for `response_add`, never stored

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret this once, in the answer itself: a message would carry it through a cookie."""
        return self._show(request, [obj.issued], [])  # type: ignore[attr-defined]  # put there by `save_model`

    @admin.action(description="Rotate: make a successor, the old key works for 7 more days", permissions=["add"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        """Make a successor of each chosen key, and show the secrets this once."""
        issued: list[IssuedKey] = []
        refused: list[str] = []
        for key in queryset:
            try:
                issued.append(api.rotate_key(site_id=key.site_id, key_id=key.key_id, overlap=OVERLAP, now=clock.now()))
            except Problem as problem:
                refused.append(problem.message)
        return self._show(request, issued, refused)

    @admin.action(description="Revoke: end at once", permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """End each chosen key."""
        for key in queryset:
            api.revoke_key(site_id=key.site_id, key_id=key.key_id, now=clock.now())
        self.message_user(request, f"{len(queryset)} revoked; other processes notice within ten seconds.")

    def _show(self, request: HttpRequest, issued: list[IssuedKey], refused: list[str]) -> HttpResponse:
        own = {
            "title": "New keys",
            "issued": issued,
            "refused": refused,
            "back": reverse("admin:profiles_apikey_changelist"),
        }
        return TemplateResponse(request, "profiles/issued_keys.html", self.admin_site.each_context(request) | own)


class ReadOnly:
    """Nothing is added, changed or deleted by hand: consent is the shopper's word."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no."""
        return False


class IdentityInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """The names by which the shopper comes."""

    model = ShopperIdentity
    fields = ["kind", "value", "own_id"]
    readonly_fields = ["kind", "value", "own_id"]
    extra = 0


class ConsentInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """What holds now."""

    model = Consent
    fields = ["purpose", "granted", "at", "source"]
    extra = 0


@admin.register(Shopper)
class ShopperAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Shoppers, found by an exact anonymous or customer id."""

    list_display = ["shopper_id", "site_id", "created_at", "consent_at"]
    list_filter = ["site_id"]
    search_fields = ["shopper_id"]
    search_help_text = "An anonymous id, a customer id or a shopper id, whole."
    show_full_result_count = False
    fields = ["shopper_id", "site_id", "created_at", "consent_at", "history"]
    readonly_fields = ["shopper_id", "site_id", "created_at", "consent_at", "history"]
    inlines = [IdentityInline, ConsentInline]

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Shopper],
        search_term: str,
    ) -> tuple[QuerySet[Shopper], bool]:
        """Return the shoppers whom the term names exactly: part of an id means nobody."""
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        named = ShopperIdentity.objects.filter(value=term).values("shopper_id")
        found = queryset.filter(shopper_id__in=named)
        try:
            return found | queryset.filter(shopper_id=UUID(term)), False
        except ValueError:
            return found, False

    @admin.display(description="history of consent")
    def history(self, shopper: Shopper) -> SafeString:
        """Return what was said, newest first, whichever of the identities it was said with."""
        own_ids = ShopperIdentity.objects.filter(shopper_id=shopper.shopper_id).values("own_id")
        records = ConsentRecord.objects.filter(shopper_id__in=own_ids)[:100]
        return format_html_join("", "{}<br>", ((str(record),) for record in records))
