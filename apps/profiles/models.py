"""The tables of profiles. Shoppers are many and hot: plain ids, no database constraint between their tables."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from apps.profiles.contracts import PURPOSES, SCOPES

ORIGIN = r"\A(\*|https?://[^/\s\x00]+)\Z"


def check_time_zone(value: str) -> None:
    """Refuse what is not a time zone of the IANA database."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{value!r} is not an IANA time zone such as Europe/London."
        raise ValidationError(message, code="bad_time_zone") from error


class Site(models.Model):
    """A market or brand: everything else belongs to one."""

    slug = models.SlugField(primary_key=True, max_length=64, help_text='Short name used in every call, such as "uk".')
    name = models.CharField(max_length=200, help_text="Name for people.")
    locale = models.CharField(
        max_length=6,
        validators=[RegexValidator(r"\A[a-z]{2,3}(-[A-Z]{2})?\Z", "Write a locale like en-GB.")],
        help_text="Language in which answers are given when none is asked for, such as en-GB.",
    )
    currency = models.CharField(
        max_length=3,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", "Write an ISO 4217 code like GBP.")],
        help_text="Currency of all prices that are shown, ISO 4217, such as GBP.",
    )
    time_zone = models.CharField(
        max_length=64, validators=[check_time_zone], help_text="IANA time zone of the market, such as Europe/London."
    )
    event_retention_days = models.PositiveIntegerField(
        default=400,
        validators=[MinValueValidator(1), MaxValueValidator(3_650)],
        help_text="How many days of events are kept; older ones are deleted.",
    )

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ApiKey(models.Model):
    """A key of a site. Only the hash of its secret is stored: the secret is shown once, when the key is made."""

    class Kind(models.TextChoices):
        PUBLISHABLE = "publishable", "publishable (browsers)"
        SECRET = "secret", "secret (servers)"

    key_id = models.CharField(primary_key=True, max_length=24, editable=False, help_text="Public part of the key.")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", help_text="Site that it opens.")
    kind = models.CharField(
        max_length=16,
        choices=Kind.choices,
        help_text="A publishable key may be seen by anybody; a secret key must never reach a browser.",
    )
    name = models.CharField(max_length=200, help_text="What it is for, so that somebody dares to revoke it.")
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=32, choices=[(scope, scope) for scope in SCOPES]),
        help_text="What it may do.",
    )
    allowed_origins = ArrayField(
        models.CharField(
            max_length=300, validators=[RegexValidator(ORIGIN, "Write an origin like https://shop.example.")]
        ),
        default=list,
        blank=True,
        help_text='Web origins that may use a publishable key, such as https://shop.example; "*" for any.',
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="It stops working at this moment.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the hour.")

    class Meta:
        ordering = ["site_id", "-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.key_id} ({self.name})"


class Shopper(models.Model):
    """A person as far as we know one: the canonical end of one or more identities."""

    shopper_id = models.UUIDField(primary_key=True, editable=False)
    site_id = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    consent_at = models.DateTimeField(
        null=True, editable=False, help_text="Time of the newest word on consent; an older one changes nothing."
    )
    version = models.BigIntegerField(
        default=0, editable=False, help_text="Grows with every change; orders cache entries."
    )

    class Meta:
        ordering = ["shopper_id"]

    def __str__(self) -> str:
        return str(self.shopper_id)


class ShopperIdentity(models.Model):
    """A name by which a shopper comes. `own_id` is derived from it; `shopper` is whom it means now (after a merge)."""

    class Kind(models.TextChoices):
        ANONYMOUS = "anonymous", "anonymous id (browser or device)"
        CUSTOMER = "customer", "customer id (of the commerce platform)"

    own_id = models.UUIDField(primary_key=True, editable=False)
    site_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = models.CharField(max_length=128, help_text="The id as the shop knows it.")
    shopper = models.ForeignKey(
        Shopper, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", help_text="Whom it means now."
    )

    class Meta:
        verbose_name_plural = "shopper identities"
        constraints = [models.UniqueConstraint(fields=["site_id", "kind", "value"], name="one_identity_per_value")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class Consent(models.Model):
    """The word that holds now on one purpose of one shopper; `at` is since when it holds. No row means: not given."""

    shopper = models.ForeignKey(
        Shopper, on_delete=models.CASCADE, db_constraint=False, related_name="+", db_index=False
    )
    site_id = models.CharField(max_length=64)
    purpose = models.CharField(max_length=32, choices=[(purpose, purpose) for purpose in PURPOSES])
    granted = models.BooleanField(help_text="Given or withdrawn.")
    at = models.DateTimeField(help_text="When the shopper said so.")
    source = models.CharField(max_length=64, help_text="Where it was said.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shopper", "purpose"], name="one_consent_per_purpose")]

    def __str__(self) -> str:
        return f"{self.purpose}: {'given' if self.granted else 'withdrawn'}"


class ConsentRecord(models.Model):
    """The history of consent, as it was said: rows are added, never changed.

    `shopper_id` is the own id of the identity that it was said with, so that a merge rewrites no history.
    """

    site_id = models.CharField(max_length=64)
    shopper_id = models.UUIDField(db_index=True)
    granted = ArrayField(models.CharField(max_length=32), help_text="Purposes given; all others were withdrawn.")
    at = models.DateTimeField(help_text="When the shopper said so.")
    source = models.CharField(max_length=64, help_text="Where it was said.")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.source}: {', '.join(self.granted) or 'nothing'}"


class Lapse(models.Model):
    """A change of which Redis could not be told: its entries are not trusted before a new generation has begun."""

    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class Generation(models.Model):
    """The number (in one row) of the entries in Redis that may be trusted; it grows when lapses are found."""

    number = models.BigIntegerField(help_text="Microseconds, so that it also grows across a restored database.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_generation")]

    def __str__(self) -> str:
        return str(self.number)
