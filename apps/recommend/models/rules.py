"""Merchandising rules, as stored: what is in force, what is drafted, and who did what when."""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

RULE_KINDS = [
    ("pin", "Pin: this item at this place"),
    ("boost", "Boost: further up"),
    ("bury", "Bury: further down"),
    ("exclude", "Exclude: never here"),
    ("include", "Include: always a candidate"),
    ("share", "Share: a part of the slate for these"),
    ("spacing", "Spacing: places between two alike"),
    ("max_per_group", "At most so many of a group"),
    ("price_guard", "Price guard: only within these prices"),
    ("margin_guard", "Margin guard: only with this margin"),
]


class RuleState(models.TextChoices):
    """The life of a rule. What is drafted of a published one changes nothing until it is published again."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    ARCHIVED = "archived", "Archived"


class MerchandisingRule(models.Model):
    """One rule. `written` and `draft` hold a `contracts.rules.RuleInput`: what is in force, and what may be next."""

    site_id = models.CharField("site", max_length=64, help_text="The site's slug, for example uk.")
    rule = models.CharField(
        "key",
        max_length=128,
        validators=[
            RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Use lower-case letters, digits, hyphens and underscores.")
        ],
        help_text="A name for reports and traces, such as own-brand-first.",
    )
    kind = models.CharField(max_length=16, choices=RULE_KINDS)
    state = models.CharField(max_length=16, choices=RuleState.choices, default=RuleState.DRAFT)
    priority = models.PositiveSmallIntegerField(
        default=100,
        validators=[MaxValueValidator(10_000)],
        help_text="Of two that cannot both hold the smaller number wins, then the older rule.",
    )
    written = models.JSONField(default=dict)
    draft = models.JSONField(null=True, blank=True)
    number = models.PositiveIntegerField(default=0, help_text="How many revisions there are.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("site_id", "priority", "created_at", "id")
        constraints = (models.UniqueConstraint(fields=["site_id", "rule"], name="rule_unique_per_site"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.rule}"


class RuleChange(models.Model):
    """One line of the audit: never changed, never deleted with its rule."""

    site_id = models.CharField("site", max_length=64)
    rule = models.CharField(max_length=128)
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=16)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=["site_id", "rule", "number"], name="rule_change_once"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.rule} {self.number}: {self.action}"


class RuleStamp(models.Model):
    """The version of a site's rules. It moves in the transaction of every change of what is in force."""

    site_id = models.CharField(max_length=64, primary_key=True)
    stamp = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.site_id}@{self.stamp}"


class RuleReport(models.Model):
    """What rules did that somebody should know: lists left empty, pins that could not be shown. One row a day."""

    site_id = models.CharField("site", max_length=64)
    rule = models.CharField(max_length=128)
    day = models.DateField()
    placement = models.CharField(max_length=128)
    emptied = models.PositiveIntegerField(default=0, help_text="Slates that it left with nothing.")
    unshown = models.PositiveIntegerField(default=0, help_text="Slates without its pin, as that could not be had.")

    class Meta:
        ordering = ("-day", "site_id", "rule")
        constraints = (models.UniqueConstraint(fields=["site_id", "rule", "day", "placement"], name="rule_day_once"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.rule} {self.day}"
