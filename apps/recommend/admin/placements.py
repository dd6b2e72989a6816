"""Placements, for merchandisers to edit."""

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.forms.models import ModelForm

from apps.catalog import api as catalog
from apps.recommend.contracts.placements import MAX_FILTER, MAX_LIMIT
from apps.recommend.models import ITEM_TYPE_CHOICES, STRATEGY_CHOICES, Placement
from specrec.kernel.errors import Invalid

_NAMES = ", ".join(name for name, _ in STRATEGY_CHOICES)


class PlacementForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Lists as inputs that people can fill in: ticks for types, commas where the order or free text matters."""

    item_types = forms.MultipleChoiceField(
        choices=ITEM_TYPE_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only items of these types. Nothing ticked means every type.",
    )
    category_ids = SimpleArrayField(
        forms.CharField(max_length=128),
        required=False,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text="Only items of these categories, separated by commas. Empty means every category.",
    )
    fallback = SimpleArrayField(
        forms.ChoiceField(choices=STRATEGY_CHOICES),
        required=False,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text=f"Tried in this order until the slot is full, separated by commas. There are: {_NAMES}.",
    )
    item_ids = SimpleArrayField(
        forms.CharField(max_length=128),
        required=False,
        max_length=MAX_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text="For the strategy of a hand-picked list alone: ids of items, separated by commas, in their order.",
    )
    filter = forms.CharField(
        max_length=MAX_FILTER,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"}),
        help_text='Only what this lets through, such as: shape = "round" and price < 150 and not tag = "clearance". '
        "Empty lets everything through.",
    )

    class Meta:
        model = Placement
        fields = (
            "site_id",
            "placement",
            "title",
            "strategy",
            "size",
            "item_types",
            "category_ids",
            "fallback",
            "item_ids",
            "filter",
            "exclude_purchased_days",
            "exclude_history",
            "cap_impressions",
            "cap_days",
            "diversity",
            "diversity_method",
            "max_per_brand",
            "exploration",
            "exploration_method",
            "priority",
            "is_active",
        )

    def clean_filter(self) -> str:
        """Return the filter; what is wrong with it is said with its place."""
        text: str = self.cleaned_data["filter"]
        try:
            catalog.parse_filter(text)
        except Invalid as error:
            raise ValidationError(error.message.split("\n", 1)[0], code=error.code) from error
        return text


@admin.register(Placement)
class PlacementAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = PlacementForm
    list_display = ("site_id", "placement", "title", "strategy", "size", "priority", "is_active", "updated_at")
    list_display_links = ("placement",)
    list_filter = ("site_id", "strategy", "is_active")
    search_fields = ("placement", "title")
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("site_id", "placement", "title", "is_active")}),
        ("What it shows", {"fields": ("strategy", "size", "item_types", "category_ids", "filter", "item_ids")}),
        (
            "What it leaves out",
            {"fields": ("exclude_purchased_days", "exclude_history", ("cap_impressions", "cap_days"))},
        ),
        (
            "How it mixes",
            {"fields": (("diversity", "diversity_method"), "max_per_brand", ("exploration", "exploration_method"))},
        ),
        ("On a page with others", {"fields": ("priority",)}),
        ("When that is not enough", {"fields": ("fallback",)}),
        ("History", {"fields": ("created_at", "updated_at")}),
    )
