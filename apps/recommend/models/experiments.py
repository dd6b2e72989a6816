"""Experiments, as stored."""

from django.core.validators import RegexValidator
from django.db import models


class ExperimentState(models.TextChoices):
    """The life of an experiment. A stopped one keeps its figures; a concluded one has a verdict."""

    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Stopped"
    CONCLUDED = "concluded", "Concluded"


class Experiment(models.Model):
    """One experiment; `written` holds a `contracts.experiments.ExperimentInput`."""

    site_id = models.CharField("site", max_length=64, help_text="The site's slug, for example uk.")
    experiment = models.CharField(
        "key",
        max_length=128,
        validators=[
            RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Use lower-case letters, digits, hyphens and underscores.")
        ],
        help_text="A name for answers, events and reports.",
    )
    state = models.CharField(max_length=16, choices=ExperimentState.choices, default=ExperimentState.DRAFT)
    salt = models.CharField(max_length=64, help_text="Hashed with the shopper; never changes once it runs.")
    written = models.JSONField(default=dict)
    note = models.TextField(blank=True, help_text="Why it was stopped, or what was concluded.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    results = models.JSONField(null=True, help_text="What came of it, as it was last computed.")
    results_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("site_id", "-created_at")
        constraints = (models.UniqueConstraint(fields=["site_id", "experiment"], name="experiment_unique_per_site"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.experiment}"


class ExperimentLook(models.Model):
    """What an experiment showed on a day: kept, so that whoever looked could have seen nothing else."""

    site_id = models.CharField("site", max_length=64)
    experiment = models.CharField(max_length=128)
    day = models.DateField()
    results = models.JSONField()

    class Meta:
        ordering = ("-day",)
        constraints = (models.UniqueConstraint(fields=["site_id", "experiment", "day"], name="experiment_look_once"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.experiment} {self.day}"
