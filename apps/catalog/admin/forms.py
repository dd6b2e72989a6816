"""The forms of the admin: they refuse what the doors refuse, and what was changed while the page was open."""

from typing import Any

import msgspec
from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import Manager, Model
from django.forms.models import BaseInlineFormSet

from apps.catalog.contracts import (
    CategoryInput,
    ItemInput,
    PriceInput,
    StockInput,
    StoreInput,
    VariantInput,
)
from apps.catalog.models import Category, Item, Price, Stock, Store, Variant
from apps.catalog.services.checks import check_item, check_prices
from apps.catalog.services.places import check_category, check_store
from specrec.kernel import wire
from specrec.kernel.crypto import sha256_hex
from specrec.kernel.errors import Problem

_ENCODER = msgspec.json.Encoder(order="deterministic")
# What no page asks for and every import may move: a change of these alone is none to somebody who edits.
_BOOKKEEPING = {
    *("created_at", "updated_at", "deleted_at", "prices_at"),
    *("source", "source_version", "fingerprint", "offers_fingerprint"),
}
# What the page of each row shows: its table, those of its inlines, and how they name the row.
_SHOWN: dict[type[Model], tuple[tuple[Manager[Any], str], ...]] = {
    Item: ((Item.objects, "pk"), (Variant.objects, "item")),
    Variant: ((Variant.objects, "pk"), (Price.objects, "variant"), (Stock.objects, "variant")),
    Store: ((Store.objects, "pk"),),
    Category: ((Category.objects, "pk"),),
}


def state_of(row: Model) -> str:
    """Return a digest of what is stored of the row and of what its page shows with it; nothing for a new one."""
    if row.pk is None:
        return ""
    stored = [rows.filter(**{key: row.pk}).order_by("pk").values() for rows, key in _SHOWN[type(row)]]
    shown = [{name: facts[name] for name in facts.keys() - _BOOKKEEPING} for rows in stored for facts in rows]
    return sha256_hex(_ENCODER.encode(shown))


def _lines(help_text: str) -> SimpleArrayField:
    widget = forms.Textarea(attrs={"rows": 3, "cols": 80})
    return SimpleArrayField(forms.CharField(), delimiter="\n", required=False, widget=widget, help_text=help_text)


class _CheckedForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A form that is read as the wire type of its noun, so that both doors accept the same."""

    def read(self, cleaned: dict[str, Any]) -> None:
        """Raise the Problem that the doors would answer with."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Put the problem at its field."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            self.read(cleaned)
        except Problem as problem:
            name = (problem.field or "").partition(".")[0].partition("[")[0]
            self.add_error(name if name in self.fields else None, f"{problem.field}: {problem.message}")
        return cleaned


class _SeenForm(_CheckedForm):
    """A form that knows what its page showed, and refuses to save over what somebody else has written since."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = state_of(self.instance)
        self.initial["seen"] = self.stored

    def clean(self) -> dict[str, Any]:
        """Compare what is stored with what was shown; whoever saves holds the lock of the site."""
        cleaned = super().clean()
        if cleaned.get("seen", "") != self.stored:
            self.add_error(None, "This was changed meanwhile, by an import or by somebody else. Open the page again.")
        return cleaned


class ItemForm(_SeenForm):
    """An item without its variants."""

    category_ids = _lines("One category id a line.")
    image_urls = _lines("One address a line; the first is shown.")

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check everything but the variants."""
        names = set(msgspec.structs.asdict(_SAMPLE)) & set(cleaned)
        given = {name: cleaned[name] for name in names - {"url", "released_at"}}
        given["url"] = cleaned.get("url") or None
        given.setdefault("item_id", self.instance.item_id)
        item = wire.convert(given | {"variants": [{"sku": "any"}]}, ItemInput)
        check_item(1, item)


class VariantForm(_CheckedForm):
    """A variant without its prices and stock."""

    image_urls = _lines("One address a line.")

    def __init__(self, *args: Any, item_type: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item_type = item_type or (self.instance.item.item_type if self.instance.item_id else "generic")

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check it as the only variant of an item of its type."""
        names = ("sku", "name", "attributes", "image_urls", "cost")
        given = {name: cleaned[name] for name in names if name in cleaned}
        given.setdefault("sku", self.instance.sku)
        variant = wire.convert(given | {"gtin": cleaned.get("gtin") or None}, VariantInput)
        check_item(1, msgspec.structs.replace(_SAMPLE, item_type=self.item_type, variants=[variant]))


class VariantPageForm(VariantForm, _SeenForm):
    """A variant on its own page."""


def price_of(cleaned: dict[str, Any]) -> PriceInput:
    """Return the row of a form as the door reads it."""
    given = {name: cleaned.get(name) for name in ("amount", "currency", "compare_at", "valid_from", "valid_until")}
    return wire.convert(given | {"store_id": cleaned.get("store_id") or None}, PriceInput)


class PriceForm(_CheckedForm):
    """A price."""

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check amount, currency and validity."""
        check_prices([price_of(cleaned)], at="")


class StockForm(_CheckedForm):
    """A stock level."""

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check it as the door would."""
        given = {name: cleaned[name] for name in ("on_hand", "reserved", "try_on_sample")}
        wire.convert(given | {"store_id": cleaned.get("store_id") or None}, StockInput)


class StoreForm(_SeenForm):
    """A store."""

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check it as the door would."""
        names = ("name", "address", "latitude", "longitude", "is_active")
        given = {name: cleaned[name] for name in names if name in cleaned}
        given |= {"store_id": cleaned.get("store_id", self.instance.store_id)}
        check_store(wire.convert(given | {"time_zone": cleaned.get("time_zone") or None}, StoreInput))


class CategoryForm(_SeenForm):
    """A category."""

    def read(self, cleaned: dict[str, Any]) -> None:
        """Check it as the door would."""
        given = {name: cleaned[name] for name in ("name", "position")}
        given["category_id"] = cleaned.get("category_id", self.instance.category_id)
        category = wire.convert(given | {"parent_id": cleaned.get("parent_id") or None}, CategoryInput)
        stored = Category.objects.filter(site_id=cleaned.get("site_id", self.instance.site_id))
        check_category(category, dict(stored.values_list("category_id", "parent_id")))


_SAMPLE = ItemInput(item_id="any", item_type="generic", name={"en": "any"}, variants=[VariantInput(sku="any")])


class VariantFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """The variants of an item."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Tell each form the type that the item is about to have."""
        return super().get_form_kwargs(index) | {"item_type": self.instance.item_type}

    def clean(self) -> None:
        """Refuse a SKU that another variant of the site has."""
        super().clean()
        kept = _kept(self)
        leaving = {form.instance.pk for form in self.forms} - {form.instance.pk for form in kept}
        wanted = [form.cleaned_data.get("sku") for form in kept]
        rows = Variant.objects.filter(site_id=self.instance.site_id, sku__in=wanted).exclude(pk__in=leaving - {None})
        owners = {row.sku: row for row in rows.select_related("item")}
        for form in kept:
            owner = owners.get(form.cleaned_data.get("sku", ""))
            if owner is not None and owner.pk != form.instance.pk:
                form.add_error("sku", f"The SKU {owner.sku} belongs to the item {owner.item.item_id}.")


class PlaceFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """Rows of a variant that are about a store."""

    def clean(self) -> None:
        """Refuse a store that is not there; imports may name one before it comes, a person has mistyped it."""
        super().clean()
        named = {form: form.cleaned_data.get("store_id") for form in _kept(self) if "store_id" in form.changed_data}
        stores = Store.objects.filter(site_id=self.instance.site_id, store_id__in=set(named.values()))
        known = {"", None, *stores.values_list("store_id", flat=True)}
        for form, store_id in named.items():
            if store_id not in known:
                form.add_error("store_id", f"There is no store {store_id} in this site.")


class PriceFormSet(PlaceFormSet):
    """The prices of a variant."""

    def clean(self) -> None:
        """Refuse the same price twice."""
        super().clean()
        if any(self.errors):
            return
        try:
            check_prices([price_of(form.cleaned_data) for form in _kept(self)], at="")
        except Problem as problem:
            raise forms.ValidationError(problem.message) from problem


def _kept(formset: Any) -> list[Any]:
    """Return the forms that are filled in and not to be deleted."""
    return [form for form in formset.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
