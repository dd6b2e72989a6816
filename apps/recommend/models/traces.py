"""Traces, as stored."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class TraceSampling(models.Model):
    """How many answers of a site leave a trace, and for how long traces are kept."""

    site_id = models.CharField("site", max_length=64, primary_key=True, help_text="The site's slug, for example uk.")
    share = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="The share of answers that leave a trace by themselves; others do where the caller asks for it.",
    )
    kept_days = models.PositiveSmallIntegerField(
        default=14, validators=[MinValueValidator(1), MaxValueValidator(400)], help_text="Older traces are deleted."
    )

    class Meta:
        verbose_name_plural = "trace sampling"

    def __str__(self) -> str:
        return f"{self.site_id}: {self.share:.0%}"


class Trace(models.Model):
    """How one answer came about. What was known of the shopper is encrypted; nothing else in it is about a person."""

    trace_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site_id = models.CharField("site", max_length=64)
    shopper_id = models.UUIDField(null=True, help_text="For erasure.")
    at = models.DateTimeField()
    placement = models.CharField(max_length=128)
    model = models.CharField(max_length=64, blank=True)
    content = models.JSONField()
    known = models.BinaryField(null=True, help_text="Encrypted.")

    class Meta:
        ordering = ("-at",)
        indexes = (
            models.Index(fields=["site_id", "-at"], name="trace_recent"),
            models.Index(fields=["site_id", "shopper_id"], name="trace_of_shopper"),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.trace_id}"
