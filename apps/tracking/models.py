"""The tables of tracking: plain ids, no foreign keys; those that grow with time are partitioned by month."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now

from apps.tracking.contracts import EVENT_TYPES


class TransactionIdField(models.Field):  # type: ignore[type-arg]  # generic for the checker only, not at run time
    """The 64-bit id of the transaction that wrote the row; the database fills it."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """Return the column type."""
        return "xid8"


class SequenceField(models.BigIntegerField):  # type: ignore[type-arg]  # the same
    """A number that the database counts up, on a column that is not the primary key by itself."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """Return the column type."""
        return "bigserial"


class LogRecord(models.Model):
    """One record of the Postgres log, the embedded twin of the stream. Written and read by `stream/postgres.py` alone.

    The order of the log is (xid, seq): a transaction that commits late has a lower xid than the horizon up to which
    readers have gone, so it is never passed over.
    """

    pk = models.CompositePrimaryKey("xid", "seq")
    xid = TransactionIdField(db_default=models.Func(function="pg_current_xact_id"))
    seq = SequenceField()
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=128)
    payload = models.BinaryField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tracking_log"

    def __str__(self) -> str:
        return f"{self.xid}:{self.seq}"


class LogTrimmed(models.Model):
    """The newest record that was ever trimmed from the Postgres log; one row. Written by `stream/postgres.py` alone."""

    id = models.SmallIntegerField(primary_key=True)
    xid = TransactionIdField()
    seq = models.BigIntegerField()

    class Meta:
        db_table = "tracking_log_trimmed"

    def __str__(self) -> str:
        return f"{self.xid}:{self.seq}"


class StreamPosition(models.Model):
    """How far a consumer group has come in a partition of the stream; opaque text of the stream's twin.

    For the table consumer the row is written in the transaction that writes the events, so that whoever reads both in
    one snapshot knows exactly what is in the table. Written by `stream/positions.py` alone.
    """

    group = models.CharField(max_length=64)
    partition = models.CharField(max_length=16)
    position = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "tracking_position"
        ordering = ["group", "partition"]
        constraints = [models.UniqueConstraint(fields=["group", "partition"], name="one_position_per_partition")]

    def __str__(self) -> str:
        return f"{self.group} {self.partition}"


class EventColumns(models.Model):
    """The columns of an event as they stand in the table; see `contracts.TrackedEvent` for their meaning."""

    site_id = models.CharField(max_length=64)
    event_id = models.UUIDField()
    day = models.DateField()
    type = models.CharField(max_length=20, choices=[(name, name) for name in EVENT_TYPES])
    time = models.DateTimeField()
    received_at = models.DateTimeField()
    shopper_id = models.UUIDField(null=True)
    session_id = models.CharField(max_length=128, null=True)
    item_id = models.CharField(max_length=128, null=True)
    sku = models.CharField(max_length=128, null=True)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, null=True)
    order_id = models.CharField(max_length=128, null=True)
    query = models.CharField(max_length=500, null=True)
    rating = models.FloatField(null=True)
    placement = models.CharField(max_length=128, null=True)
    position = models.IntegerField(null=True)
    recommendation_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=16)
    store_id = models.CharField(max_length=128, null=True)
    historical = models.BooleanField()
    replay = models.BooleanField(db_default=False)
    device = models.CharField(max_length=16, null=True)
    referrer = models.CharField(max_length=16, null=True)
    campaign = models.CharField(max_length=128, null=True)

    class Meta:
        abstract = True


class Event(EventColumns):
    """What happened, once. Partitioned by `day`, without which the table could not promise uniqueness.

    The key begins with site and day: a day's inserts of a site share index pages, and reading a window of a site needs
    no further index. `received_at` only grows, so its index costs next to nothing to keep.
    """

    pk = models.CompositePrimaryKey("site_id", "day", "event_id")

    class Meta:
        db_table = "tracking_event"
        indexes = [models.Index(fields=["received_at"], name="tracking_event_received")]

    def __str__(self) -> str:
        return str(self.event_id)


class BrowsedEvent(EventColumns):
    """The event table as the admin reads it, which cannot show a composite key. Never written."""

    event_id = models.UUIDField(primary_key=True)

    class Meta:
        managed = False
        db_table = "tracking_event"
        verbose_name = "event"

    def __str__(self) -> str:
        return str(self.event_id)


class ServedSlate(models.Model):
    """A slate as it was served (`contracts.Exposure`). Partitioned by `day`, the UTC day of `time`."""

    pk = models.CompositePrimaryKey("site_id", "day", "recommendation_id")
    site_id = models.CharField(max_length=64)
    recommendation_id = models.UUIDField()
    day = models.DateField()
    time = models.DateTimeField()
    placement = models.CharField(max_length=128)
    shopper_id = models.UUIDField(null=True)
    item_ids = ArrayField(models.CharField(max_length=128))
    strategy = models.CharField(max_length=64)
    fallback = models.CharField(max_length=64, null=True)
    model = models.CharField(max_length=128, null=True)
    channel = models.CharField(max_length=16)
    store_id = models.CharField(max_length=128, null=True)
    experiments = ArrayField(models.CharField(max_length=257), null=True)  # NULL: on no side of any
    propensities = ArrayField(models.FloatField(), null=True)

    class Meta:
        db_table = "tracking_exposure"

    def __str__(self) -> str:
        return str(self.recommendation_id)


class DeadLetter(models.Model):
    """A record that could not be written to its table, kept with the reason so that nothing accepted is lost.

    `cause` decides where a replay goes: nobody could use an unreadable record, so it goes through the stream again; one
    that the table refused has been followed by the others, so it goes to the table alone.
    """

    class Cause(models.TextChoices):
        UNREADABLE = "unreadable", "unreadable"
        REFUSED = "refused", "refused by the table"

    # Of any length: what cannot be kept here would stop the consumer.
    kind = models.TextField()
    key = models.TextField()
    payload = models.BinaryField()
    cause = models.CharField(max_length=16, choices=Cause.choices, db_default=Cause.REFUSED)
    reason = models.TextField()
    failed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tracking_dead_letter"
        ordering = ["-id"]
        permissions = [("replay_deadletter", "Can replay dead letters")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.failed_at:%Y-%m-%d %H:%M}"  # the key may be a shopper's


class IntakeRules(models.Model):
    """What a site may set of its intake; a site without a row has the defaults. Read again within ten seconds."""

    site_id = models.CharField("site", max_length=64, primary_key=True, help_text="The site's slug, for example uk.")
    session_gap_minutes = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1_440)],
        help_text="So many minutes of silence end a session.",
    )
    split_at_midnight = models.BooleanField(
        default=True, help_text="A session also ends at midnight in the time zone of the site."
    )
    split_at_campaign = models.BooleanField(
        default=True, help_text="A session also ends when the shopper comes back by another campaign."
    )
    drop_bots = models.BooleanField(default=True, help_text="Drop events of crawlers and monitors.")

    class Meta:
        db_table = "tracking_intake_rules"
        verbose_name = verbose_name_plural = "intake rules"
        ordering = ["site_id"]

    def __str__(self) -> str:
        return self.site_id


class DailyCount(models.Model):
    """What happened on a day (UTC, of the event's corrected time), added up; made from the event table, over and over.

    Rows of a site and day are replaced as a whole. An absent item, placement or currency is the empty text, so that the
    key is a key. `revenue` is the sum of quantity times unit price in `currency`; returns count in their own rows.
    """

    site_id = models.CharField(max_length=64)
    day = models.DateField()
    type = models.CharField(max_length=20)
    item_id = models.CharField(max_length=128, blank=True)
    placement = models.CharField(max_length=128, blank=True)
    channel = models.CharField(max_length=16)
    currency = models.CharField(max_length=3, blank=True)
    events = models.BigIntegerField()
    quantity = models.BigIntegerField()
    revenue = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        db_table = "tracking_daily"
        ordering = ["-day", "site_id", "type", "-events"]
        indexes = [models.Index(fields=["-day", "site_id", "type", "-events"], name="tracking_daily_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["site_id", "day", "type", "item_id", "placement", "channel", "currency"],
                name="one_daily_count_per_group",
            )
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day} {self.type} {self.item_id}"


class DayChange(models.Model):
    """How often events of a site and day (as in `DailyCount`) were written, and up to which of these it was counted.

    Whoever writes events moves `changed` in the same transaction, so that no crash and no late event goes uncounted.
    """

    site_id = models.CharField(max_length=64)
    day = models.DateField()
    changed = models.BigIntegerField()
    counted = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "tracking_day_change"
        constraints = [models.UniqueConstraint(fields=["site_id", "day"], name="one_change_per_site_and_day")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day}"
