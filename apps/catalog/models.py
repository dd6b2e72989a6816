"""What is kept about items. Tables only: who may write what, and when, is in `services`.

Every row carries the slug of its site as a plain column. `store_id` is the empty string for "everywhere" (prices) and
for the online warehouse (stock), because a unique constraint does not see NULL.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

ITEM_TYPES = (
    "frame",
    "sunglasses",
    "contact_lens",
    "lens_option",
    "solution",
    "accessory",
    "hearing",
    "service",
    "generic",
)
AMOUNT_CHECKS = [MinValueValidator(0), MaxValueValidator(1_000_000)]


class Category(models.Model):
    """A node of the category tree. Parents are named by natural id, since they may arrive later than their children."""

    site_id = models.CharField(max_length=64, help_text="The site that this category belongs to.")
    category_id = models.CharField(max_length=128)
    name = models.JSONField(default=dict, help_text='Names by locale, such as {"en-GB": "Frames"}.')
    parent_id = models.CharField(max_length=128, blank=True, help_text="The category above; empty at the top.")
    position = models.PositiveIntegerField(default=0, help_text="Order among siblings, smallest first.")

    class Meta:
        verbose_name_plural = "categories"
        constraints = (
            models.UniqueConstraint(fields=("site_id", "category_id"), name="catalog_category_id_once_per_site"),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.category_id}"


class Store(models.Model):
    """A place where stock lies and prices may differ."""

    site_id = models.CharField(max_length=64, help_text="The site that this store belongs to.")
    store_id = models.CharField(max_length=128)
    name = models.CharField(max_length=500)
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty means that of the site.")
    address = models.CharField(max_length=500, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    is_active = models.BooleanField(default=True, help_text="Closed stores keep their history but are not offered.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site_id", "store_id"), name="catalog_store_id_once_per_site"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.store_id}"


class Item(models.Model):
    """A catalogue item. A deleted one stays as a tombstone, so that an older version cannot bring it back.

    `fingerprint` and `offers_fingerprint` are digests of the input last taken (the latter of its prices and stock), so
    that the same input again is known to change nothing; a change by another way empties them.
    """

    site_id = models.CharField(max_length=64, help_text="The site that this item belongs to.")
    item_id = models.CharField(max_length=128)
    item_type = models.CharField(max_length=16, choices=[(name, name.replace("_", " ")) for name in ITEM_TYPES])
    name = models.JSONField(default=dict, help_text='Names by locale, such as {"en-GB": "Aldgate"}.')
    description = models.JSONField(default=dict, blank=True, help_text="Descriptions by locale.")
    brand = models.CharField(max_length=500, blank=True)
    category_ids = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    attributes = models.JSONField(
        default=dict, blank=True, help_text="Typed by the item type; wrong names are refused."
    )
    image_urls = ArrayField(models.CharField(max_length=2_000), default=list, blank=True)
    url = models.CharField(max_length=2_000, blank=True, help_text="The product page of the shop.")
    published = models.BooleanField(default=True, help_text="Unpublished items are never recommended.")
    stock_managed = models.BooleanField(default=True, help_text="Off for services and made-to-order items.")
    released_at = models.DateTimeField(help_text="When it came out; drives what is new.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=64, default="api", help_text="Only this source may write the item.")
    source_version = models.BigIntegerField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    offers_fingerprint = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site_id", "item_id"), name="catalog_item_id_once_per_site"),)
        indexes = (GinIndex(fields=("category_ids",), name="catalog_item_categories"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.item_id}"


class Variant(models.Model):
    """A sellable unit of an item. Prices and stock belong to it."""

    site_id = models.CharField(max_length=64)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    sku = models.CharField(max_length=128)
    gtin = models.CharField(max_length=128, blank=True)
    name = models.JSONField(default=dict, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    image_urls = ArrayField(models.CharField(max_length=2_000), default=list, blank=True)
    cost = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=AMOUNT_CHECKS,
        help_text="Net cost in the currency of the site, for margin guards. It never leaves the platform.",
    )
    position = models.PositiveIntegerField(default=0, help_text="The first one that can be had is shown.")
    prices_at = models.DateTimeField(help_text="When its prices last changed; older updates are ignored.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site_id", "sku"), name="catalog_sku_once_per_site"),)

    def __str__(self) -> str:
        return self.sku


class Price(models.Model):
    """A price of one SKU; of several that are valid, the one that started last holds."""

    site_id = models.CharField(max_length=64)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    store_id = models.CharField(max_length=128, blank=True, help_text="Empty means everywhere.")
    amount = models.DecimalField(max_digits=12, decimal_places=3, validators=AMOUNT_CHECKS)
    compare_at = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True, validators=AMOUNT_CHECKS, help_text="The price before."
    )
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Exclusive; open when empty.")

    class Meta:
        indexes = (
            models.Index(fields=("site_id",), name="catalog_price_site"),
            # A reader asks which prices began or ended since it last looked; most never do.
            models.Index(
                fields=("site_id", "currency", "valid_from"),
                condition=models.Q(valid_from__isnull=False),
                name="catalog_price_begins",
            ),
            models.Index(
                fields=("site_id", "currency", "valid_until"),
                condition=models.Q(valid_until__isnull=False),
                name="catalog_price_ends",
            ),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="catalog_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_until__gt=models.F("valid_from")),
                name="catalog_price_ends_after_it_starts",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Stock(models.Model):
    """Pieces of one SKU at one place."""

    site_id = models.CharField(max_length=64)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    store_id = models.CharField(max_length=128, blank=True, help_text="Empty means the online warehouse.")
    on_hand = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)
    try_on_sample = models.BooleanField(default=False, help_text="There is a piece to try on.")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "stock"
        indexes = (models.Index(fields=("site_id",), name="catalog_stock_site"),)
        constraints = (models.UniqueConstraint(fields=("variant", "store_id"), name="catalog_stock_once_per_place"),)

    def __str__(self) -> str:
        return f"{self.on_hand} at {self.store_id or 'online'}"


class CatalogStamp(models.Model):
    """The version of a site's catalogue. It moves with every change, in the same transaction, and never without one.

    Its row is also the lock that writers of a site hold until they commit, so stamps are in the order of commits.
    """

    site_id = models.CharField(max_length=64, primary_key=True)
    stamp = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.site_id}@{self.stamp}"


class CatalogChange(models.Model):
    """What one stamp changed, written with it: readers that stand at an earlier stamp read these items again."""

    site_id = models.CharField(max_length=64)
    stamp = models.BigIntegerField()
    item_keys = ArrayField(models.BigIntegerField(), help_text="Items written, removed, priced or stocked.")
    places = models.BooleanField(default=False, help_text="Whether stores or categories changed.")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("site_id", "stamp"), name="catalog_change_once_per_stamp"),)

    def __str__(self) -> str:
        return f"{self.site_id}@{self.stamp}"


class ImportJob(models.Model):
    """A bulk import and how far it came: everything before `offset` bytes is applied.

    Whoever runs it holds `lease` and renews `heartbeat_at`; with a stale heartbeat somebody else may take over.
    """

    STATES = (("queued", "queued"), ("running", "running"), ("done", "done"), ("failed", "failed"))

    import_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site_id = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=STATES, default="queued")
    size = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    batches_done = models.IntegerField(default=0)
    lines_total = models.IntegerField(default=0)
    lines_read = models.IntegerField(default=0, help_text="Lines passed, blank ones too: the number of the last one.")
    lines_done = models.IntegerField(default=0)
    lines_failed = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=1_000, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0, help_text="Times that it was begun since it last made progress.")

    class Meta:
        indexes = (models.Index(fields=("state", "heartbeat_at"), name="catalog_import_state"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.import_id}"
