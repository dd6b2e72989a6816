"""Placements, for merchandisers to edit."""

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.forms.models import ModelForm

from apps.recommend.models import ITEM_TYPE_CHOICES, STRATEGY_CHOICES, Placement

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
            "exclude_purchased_days",
            "exclude_history",
            "is_active",
        )


@admin.register(Placement)
class PlacementAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = PlacementForm
    list_display = ("site_id", "placement", "title", "strategy", "size", "is_active", "updated_at")
    list_display_links = ("placement",)
    list_filter = ("site_id", "strategy", "is_active")
    search_fields = ("placement", "title")
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("site_id", "placement", "title", "is_active")}),
        ("What it shows", {"fields": ("strategy", "size", "item_types", "category_ids")}),
        ("What it leaves out", {"fields": ("exclude_purchased_days", "exclude_history")}),
        ("When that is not enough", {"fields": ("fallback",)}),
        ("History", {"fields": ("created_at", "updated_at")}),
    )
