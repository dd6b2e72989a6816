"""What next, as stored: placements, model versions, item vectors, training runs and schedules.

Every row belongs to a site, named by its slug; there are no foreign keys to other apps.
"""

import uuid
from typing import get_args

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from pgvector.django import HnswIndex, VectorField

from apps.catalog.contracts import ItemType
from apps.recommend.contracts import MAX_LIMIT, MAX_PURCHASED_DAYS, PlacementInfo, Strategy

EMBEDDING_SIZE = 64

STRATEGY_LABELS = {
    "for_you": "For you: personal, from the shopper's history",
    "similar": "Similar to the item shown",
    "also_viewed": "Shoppers also viewed",
    "popular": "Popular now",
    "recently_viewed": "Recently viewed",
    "new_in": "New in",
}
STRATEGY_CHOICES = [(name, STRATEGY_LABELS.get(name, name)) for name in get_args(Strategy)]
ITEM_TYPE_CHOICES = [(name, name.replace("_", " ").capitalize()) for name in get_args(ItemType)]

_KEY = RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Use lower-case letters, digits, hyphens and underscores.")

_WEIGHT = [MinValueValidator(0.0), MaxValueValidator(100.0)]
_SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


def default_fallback() -> list[str]:
    """Return the fallback chain of a new placement."""
    return list(PlacementInfo(placement="-", title="-", strategy="for_you", size=1).fallback)


class EventWeights(models.Model):
    """How much one event of a type says about a shopper's interest, as a site wants it.

    Used where histories are read and where models are trained; serving reads it again about every second. Without a
    row models are trained with `conf.EVENT_WEIGHTS`, and all events of a history count alike.
    """

    site_id = models.CharField("site", max_length=64, primary_key=True, help_text="The site's slug, for example uk.")
    view = models.FloatField(default=1.0, validators=_WEIGHT, help_text="0 leaves such events out.")
    click = models.FloatField(default=1.0, validators=_WEIGHT)
    wishlist = models.FloatField(default=2.0, validators=_WEIGHT)
    add_to_cart = models.FloatField(default=2.0, validators=_WEIGHT)
    purchase = models.FloatField(default=3.0, validators=_WEIGHT)
    rate = models.FloatField(default=1.0, validators=_WEIGHT)

    class Meta:
        db_table = "recommend_event_weights"
        verbose_name = verbose_name_plural = "event weights"
        ordering = ["site_id"]

    def __str__(self) -> str:
        return self.site_id


class Placement(models.Model):
    """A named slot configuration: which strategy fills it, with what, and what happens when that has no answer."""

    site_id = models.CharField("site", max_length=64, help_text="The site's slug, for example uk.")
    placement = models.CharField(
        "key",
        max_length=128,
        validators=[_KEY],
        help_text="The name that the storefront asks with: home, product, basket.",
    )
    title = models.CharField(max_length=200, help_text="For people: the heading under which shoppers see it.")
    strategy = models.CharField(
        max_length=32,
        choices=STRATEGY_CHOICES,
        help_text="How the items are found. The fallback fills what it leaves open.",
    )
    size = models.PositiveSmallIntegerField(
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LIMIT)],
        help_text=f"How many items an answer has when the caller does not say: 1 to {MAX_LIMIT}.",
    )
    item_types = ArrayField(
        models.CharField(max_length=32, choices=ITEM_TYPE_CHOICES),
        default=list,
        blank=True,
        help_text="Only items of these types. Nothing chosen means every type.",
    )
    category_ids = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text="Only items of these categories, separated by commas. Empty means every category.",
    )
    fallback = ArrayField(
        models.CharField(max_length=32, choices=STRATEGY_CHOICES),
        default=default_fallback,
        blank=True,
        help_text="Strategies tried in this order until the slot is full.",
    )
    exclude_purchased_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(MAX_PURCHASED_DAYS)],
        help_text="Do not show what the shopper bought within this many days; 0 shows it again at once.",
    )
    exclude_history = models.BooleanField(
        default=False, help_text="Do not show what the shopper has already seen, or what the caller sent as history."
    )
    is_active = models.BooleanField(default=True, help_text="An inactive placement answers as if it did not exist.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("site_id", "placement")
        constraints = (models.UniqueConstraint(fields=["site_id", "placement"], name="placement_unique_per_site"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.placement}"


class ModelState(models.TextChoices):
    """The life of a model version: trained, judged (candidate or rejected), tried in the shadow, promoted, retired."""

    TRAINED = "trained", "Trained, not judged yet"
    CANDIDATE = "candidate", "Candidate: passed the gate, waits to be promoted"
    SHADOW = "shadow", "Shadow: scores a share of the requests, answers none"
    PROMOTED = "promoted", "Promoted: answers with it"
    REJECTED = "rejected", "Rejected by the gate"
    RETIRED = "retired", "Retired"


class ModelVersion(models.Model):
    """One trained model; its arrays lie in the blob store under the stamp."""

    site_id = models.CharField("site", max_length=64)
    stamp = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, choices=ModelState.choices, default=ModelState.TRAINED)
    recipe = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    metrics = models.JSONField(
        default=dict, help_text="Hold-out figures, popularity's and the promoted version's beside."
    )
    data_from = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True)
    event_count = models.PositiveBigIntegerField(default=0)
    shopper_count = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="Rows that it learned from, by type of event.")
    code_version = models.CharField(max_length=128, blank=True, help_text="The program that trained it.")
    seconds = models.FloatField(default=0.0)
    timings = models.JSONField(default=dict, help_text="Seconds by step of the training.")
    peak_mb = models.FloatField("peak memory, MB", default=0.0)
    note = models.TextField(blank=True, help_text="Why it was promoted, rejected or rolled back.")
    report = models.TextField(blank=True, help_text="The blob key of its evaluation report; empty without one.")
    catalogue_stamp = models.BigIntegerField(
        null=True, help_text="The version of the catalogue that its vectors are in step with; empty when not known."
    )
    created_at = models.DateTimeField()
    shadowed_at = models.DateTimeField(null=True, help_text="Since when it scores in the shadow.")
    promoted_at = models.DateTimeField(null=True)
    rolled_back_at = models.DateTimeField(
        null=True, help_text="When it was taken out of service as unfit; a roll-back never returns to such a version."
    )

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["site_id", "-created_at"], name="model_version_recent"),)
        constraints = (
            models.UniqueConstraint(
                fields=["site_id"], condition=models.Q(state="promoted"), name="one_promoted_model_per_site"
            ),
            models.UniqueConstraint(
                fields=["site_id"], condition=models.Q(state="shadow"), name="one_shadow_model_per_site"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.stamp}"


class ItemVector(models.Model):
    """The content vector of an item under one model version, for nearest-neighbour search; see `registry.vectors`.

    `item_type` and `published` are copies from the catalogue, because a filtered search cannot join across apps.
    """

    site_id = models.CharField(max_length=64)
    item_id = models.CharField(max_length=128)
    model_stamp = models.CharField(max_length=64)
    embedding = VectorField(dimensions=EMBEDDING_SIZE)
    item_type = models.CharField(max_length=32)
    published = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["site_id", "model_stamp", "item_id"], name="item_vector_once_per_model"),
        )
        indexes = (
            HnswIndex(
                name="item_vector_cosine",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.item_id}"


class Promotion(models.TextChoices):
    """What becomes of a version that passed the gate."""

    AT_ONCE = "at_once", "At once"
    AFTER_SHADOW = "after_shadow", "After a time in the shadow"
    BY_HAND = "by_hand", "By hand"


class TrainingSchedule(models.Model):
    """How a site is trained, and when a version answers; a site without a row has the defaults, once a day."""

    site_id = models.CharField("site", max_length=64, unique=True, help_text="The site's slug, for example uk.")
    interval_hours = models.PositiveSmallIntegerField(
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 90)],
        help_text="Train again when the last training is at least this old and new events have come.",
    )
    is_active = models.BooleanField(default=True, help_text="When off, this site is trained on demand only.")
    recipe = models.CharField(
        max_length=64, default="shop", help_text="What it is trained with: manage.py recipes list."
    )
    refresh_minutes = models.PositiveIntegerField(
        default=60,
        validators=[MaxValueValidator(60 * 24 * 90)],
        help_text="Bring counts and popularity up to date this often between trainings; 0 never does.",
    )
    promotion = models.CharField(
        max_length=16,
        choices=Promotion.choices,
        default=Promotion.AT_ONCE,
        help_text="When a version that passed the gate answers.",
    )
    shadow_share = models.FloatField(
        default=0.1, validators=_SHARE, help_text="The share of requests that a version in the shadow scores as well."
    )
    shadow_hours = models.FloatField(
        default=2.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(24.0 * 30)],
        help_text="How long a version stays in the shadow before it answers.",
    )
    max_error_share = models.FloatField(
        default=0.05, validators=_SHARE, help_text="Roll back when a larger share of slates had a failed step."
    )
    max_empty_share = models.FloatField(
        default=0.2, validators=_SHARE, help_text="Roll back when a larger share of slates was empty."
    )
    max_ctr_drop = models.FloatField(
        default=0.5,
        validators=_SHARE,
        help_text="Roll back when clicks per impression are lower than the version before by a larger share.",
    )
    min_slates = models.PositiveIntegerField(
        default=200, validators=[MinValueValidator(1)], help_text="Judge no version on fewer slates than this."
    )
    kept_versions = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(2)], help_text="Versions kept, for comparing and rolling back."
    )

    class Meta:
        ordering = ("site_id",)

    def __str__(self) -> str:
        return f"{self.site_id}: every {self.interval_hours} h"


class RunState(models.TextChoices):
    """The life of a training run. Skipped: another was under way when its turn came."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"


class RunKind(models.TextChoices):
    """What is made anew: everything, or what follows the events quickly, the rest being kept."""

    FULL = "full", "Full"
    REFRESH = "refresh", "Refresh"


class TrainingRun(models.Model):
    """One attempt to train a site, with its progress as it happens."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site_id = models.CharField("site", max_length=64)
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.RUNNING)
    kind = models.CharField(max_length=16, choices=RunKind.choices, default=RunKind.FULL)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    step = models.CharField(max_length=64, blank=True, help_text="The step under way, or the last one.")
    message = models.TextField(blank=True, help_text="The step under way, or what came of it.")
    details = models.JSONField(default=dict, help_text="What it found: data, times, memory, and what was missing.")
    stamp = models.CharField(max_length=64, blank=True, help_text="The model version that came of it.")
    started_at = models.DateTimeField(help_text="When it began; while it is queued, when it was asked for.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-started_at",)
        indexes = (models.Index(fields=["site_id", "-started_at"], name="training_run_recent"),)

    def __str__(self) -> str:
        return f"{self.site_id} at {self.started_at:%Y-%m-%d %H:%M}"
