"""How models are trained, as stored: weights of events, schedules, runs."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

_WEIGHT = [MinValueValidator(0.0), MaxValueValidator(100.0)]


_SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


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
