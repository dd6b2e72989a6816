"""The weights of event types, site by site: how much a view, a basket or a purchase says of an interest."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import ModelForm
from django.http import HttpRequest

from apps.profiles import api as profiles
from apps.recommend.models import EventWeights

_KINDS = {
    "view": "A product page was opened. 0 leaves views out of histories and of what models learn from.",
    "click": "A recommended item was clicked.",
    "wishlist": "An item was put on the wish list.",
    "add_to_cart": "An item was put into the basket and not taken out again.",
    "purchase": "An item was bought and not returned.",
    "rate": "An item was rated, better than 2.5 of 5.",
}


class EventWeightsForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Weights that count against each other: twice all of them says the same."""

    class Meta:
        model = EventWeights
        fields = ("site_id", *_KINDS)
        help_texts = _KINDS

    def clean(self) -> dict[str, Any]:
        """Refuse weights of which none says anything."""
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned[kind] for kind in _KINDS):
            message = "At least one weight must be above 0: without any nobody has a history, and nothing is learned."
            raise ValidationError(message, code="no_weight")
        return cleaned


@admin.register(EventWeights)
class EventWeightsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """What a site has set; answers follow within seconds, models at their next training."""

    form = EventWeightsForm
    list_display = ("site_id", *_KINDS)
    fieldsets = (
        (None, {"fields": ("site_id",)}),
        (
            "What one event says of an interest",
            {
                "fields": tuple(_KINDS),
                "description": "Between 0 and 100, against one another. Answers follow within seconds, without a "
                "restart; models with their next training. Without weights of its own every event in the history of "
                "a shopper of the site counts alike, and models learn with the values that a new form shows.",
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Return the site for weights that exist: they are the weights of that one."""
        return ["site_id"] if obj else []

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the sites that there are."""
        if db_field.name == "site_id":
            sites = [(site.site_id, f"{site.name} ({site.site_id})") for site in profiles.list_sites()]
            return forms.ChoiceField(label="Site", choices=sites, help_text="Whose shoppers' events they weigh.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)
