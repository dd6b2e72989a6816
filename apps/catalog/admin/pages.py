"""The catalogue for merchandisers. An edit is checked by the same rules as the doors', and moves the stamp with it.

After an edit the next import of the item counts as a change even when its source has not changed.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog import api
from apps.catalog.admin.forms import (
    CategoryForm,
    ItemForm,
    PlaceFormSet,
    PriceForm,
    PriceFormSet,
    StockForm,
    StoreForm,
    VariantForm,
    VariantFormSet,
    VariantPageForm,
)
from apps.catalog.models import Category, ImportJob, Item, Price, Stock, Store, Variant
from apps.catalog.services.items import NEVER
from apps.catalog.services.stamp import Change, writing
from apps.profiles import api as profiles
from specrec.kernel import clock


class _StampedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Writes under the lock of the site and moves its stamp in the same transaction, if anything was changed."""

    natural_id = ""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the ids for a row that exists: everything else refers to them."""
        own = list(super().get_readonly_fields(request, obj))
        return [*own, "site_id", self.natural_id] if obj else own

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the sites that there are."""
        if db_field.name == "site_id":
            sites = [(site.site_id, site.name) for site in profiles.list_sites()]
            return forms.ChoiceField(choices=sites, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Take the writer lock before the row is read, so that what is checked is what will be overwritten."""
        site_id = self._site_of(request, object_id) if request.method == "POST" else None
        if site_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with writing(site_id):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _site_of(self, request: HttpRequest, object_id: str | None) -> str | None:
        if object_id is not None:
            row = self.get_object(request, unquote(object_id))
            return None if row is None else row.site_id
        named = request.POST.get("site_id")
        return named if any(site.site_id == named for site in profiles.list_sites()) else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Write a new row whole, of a stored one what the form has changed."""
        if not change:
            super().save_model(request, obj, form, change)
        else:
            _save_changes(obj, form.changed_data)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Move the stamp if the form or one of its inlines has changed."""
        with writing(form.instance.site_id) as written:
            super().save_related(request, form, formsets, change)
            if form.has_changed() or any(formset.has_changed() for formset in formsets):
                self.note_change(form.instance, written)

    def note_change(self, obj: Any, written: Change) -> None:
        """Note what an edit changed, and do what it brings with it; by default it is one of a store or category."""
        del obj
        written.places = True

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete and move the stamp."""
        with writing(obj.site_id) as written:
            super().delete_model(request, obj)
            written.places = True

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete one by one, so that every site's stamp moves."""
        for row in queryset.order_by("site_id", "pk"):
            self.delete_model(request, row)


def _save_changes(row: Model, names: list[str], **also: Any) -> None:
    for name, value in also.items():
        setattr(row, name, value)
    if names:
        row.save(update_fields=[*names, *also])


def _forget_digests(item_key: int) -> None:
    """Make the next import of the item count as a change even when its source has not changed."""
    Item.objects.filter(pk=item_key).update(updated_at=clock.now(), fingerprint="", offers_fingerprint="")


class VariantInline(admin.StackedInline):  # type: ignore[type-arg]  # not generic at run time
    """The SKUs of an item; prices and stock are on the page of each."""

    model = Variant
    form = VariantForm
    formset = VariantFormSet
    fields = ("sku", "gtin", "position", "name", "attributes", "image_urls", "cost")
    extra = 0
    min_num = 1
    show_change_link = True


@admin.register(Item)
class ItemAdmin(_StampedAdmin):
    """Items that are not deleted."""

    natural_id = "item_id"
    form = ItemForm
    list_display = ("item_id", "title", "item_type", "brand", "published", "site_id", "updated_at")
    list_filter = ("site_id", "item_type", "published", "brand")
    search_fields = ("item_id", "brand", "name")
    list_per_page = 50
    readonly_fields = ("source", "source_version", "created_at", "updated_at")
    exclude = ("deleted_at", "fingerprint", "offers_fingerprint")
    inlines = (VariantInline,)

    @admin.display(description="name")
    def title(self, item: Item) -> str:
        """Return the name in any language."""
        return api.localise(texts=item.name, locales=["en"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        """Return what is not a tombstone."""
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Give a new item the times that the form does not ask for."""
        if not change:
            obj.created_at = obj.updated_at = clock.now()
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Remove first, so that a SKU may move to another row; give new variants what the form does not ask for."""
        formset.save(commit=False)
        for variant in formset.deleted_objects:
            variant.delete()
        for variant, names in formset.changed_objects:
            _save_changes(variant, names)
        for variant in formset.new_objects:
            variant.site_id, variant.prices_at = form.instance.site_id, NEVER
            variant.save()

    def note_change(self, obj: Any, written: Change) -> None:
        """Forget the digests of its last import."""
        written.items.add(obj.pk)
        _forget_digests(obj.pk)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Show the items themselves: their variants go with them, whoever may delete the item."""
        return [str(item) for item in objs], {"items": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Leave a tombstone, as every door does."""
        api.delete_item(site_id=obj.site_id, item_id=obj.item_id, now=clock.now())


class PriceInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """Prices of a SKU."""

    model = Price
    form = PriceForm
    formset = PriceFormSet
    fields = ("currency", "store_id", "amount", "compare_at", "valid_from", "valid_until")
    extra = 0


class StockInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """Stock of a SKU."""

    model = Stock
    form = StockForm
    formset = PlaceFormSet
    fields = ("store_id", "on_hand", "reserved", "try_on_sample")
    extra = 0


@admin.register(Variant)
class VariantAdmin(_StampedAdmin):
    """SKUs with their prices and stock; they are made and removed on the page of their item."""

    natural_id = "sku"
    form = VariantPageForm
    list_display = ("sku", "item", "site_id")
    list_filter = ("site_id",)
    list_select_related = ("item",)
    search_fields = ("sku", "gtin", "item__item_id")
    fields = ("site_id", "sku", "item", "gtin", "position", "name", "attributes", "image_urls", "cost", "seen")
    readonly_fields = ("item",)
    inlines = (PriceInline, StockInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return no: a variant is made on the page of its item."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return no: a variant is removed on the page of its item."""
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Note when prices and stock were set, so that older updates are ignored."""
        now = clock.now()
        also = {"updated_at": now} if formset.model is Stock else {}
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for row, names in formset.changed_objects:
            _save_changes(row, names, **also)
        for row in formset.new_objects:
            row.site_id = form.instance.site_id
            if isinstance(row, Stock):
                row.updated_at = now
            row.save()
        if formset.model is Price and formset.has_changed():
            Variant.objects.filter(pk=form.instance.pk).update(prices_at=now)

    def note_change(self, obj: Any, written: Change) -> None:
        """Forget the digests of the last import of its item."""
        written.items.add(obj.item_id)
        _forget_digests(obj.item_id)


@admin.register(Store)
class StoreAdmin(_StampedAdmin):
    """Stores."""

    natural_id = "store_id"
    form = StoreForm
    list_display = ("store_id", "name", "is_active", "site_id")
    list_filter = ("site_id", "is_active")
    search_fields = ("store_id", "name")


@admin.register(Category)
class CategoryAdmin(_StampedAdmin):
    """The category tree."""

    natural_id = "category_id"
    form = CategoryForm
    list_display = ("category_id", "title", "parent_id", "position", "site_id")
    list_filter = ("site_id",)
    search_fields = ("category_id", "name")

    @admin.display(description="name")
    def title(self, category: Category) -> str:
        """Return the name in any language."""
        return api.localise(texts=category.name, locales=["en"])


@admin.register(ImportJob)
class ImportJobAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Imports, to look at."""

    list_display = ("import_id", "site_id", "state", "progress", "lines_failed", "created_at", "finished_at", "report")
    list_filter = ("state", "site_id")
    readonly_fields = ("progress", "report")
    exclude = ("lease",)

    @admin.display(description="progress")
    def progress(self, job: ImportJob) -> SafeString:
        """Return a bar and the lines behind it."""
        done = job.lines_done + job.lines_failed
        return format_html(
            '<progress max="{}" value="{}"></progress> {}/{}', job.lines_total, done, done, job.lines_total
        )

    @admin.display(description="refused lines")
    def report(self, job: ImportJob) -> str | SafeString:
        """Return a link to the report, where there is one."""
        if not job.lines_failed:
            return "none"
        return format_html('<a href="{}">download</a>', reverse("admin:catalog_import_errors", args=[job.pk]))

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and the download."""
        download = self.admin_site.admin_view(self.download)
        return [path("<uuid:import_id>/errors", download, name="catalog_import_errors"), *super().get_urls()]

    def download(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        """Answer with the report as a file."""
        job = self.get_object(request, str(import_id))
        if job is None or not self.has_view_permission(request, job):
            return HttpResponse(status=404)
        data = api.get_import_errors(site_id=job.site_id, import_id=import_id)
        response = HttpResponse(data, content_type="application/x-ndjson")
        response["Content-Disposition"] = f'attachment; filename="import-{import_id}-errors.jsonl"'
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return no: an import comes through its door."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no: a job is changed by its runner only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return no: what was imported stays on record."""
        return False
