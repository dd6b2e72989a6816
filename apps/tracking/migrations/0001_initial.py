"""The tables of tracking; those of events and exposures are partitioned by range of `day`."""

from typing import Any

import apps.tracking.models
import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class CreatePartitionedModel(migrations.CreateModel):
    """Create the table `PARTITION BY RANGE (day)`, with a default partition so that no row is ever refused for its day."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Create the parent, then its default partition."""
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY RANGE (day)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
        table = self.options["db_table"]
        schema_editor.execute(f'CREATE TABLE "{table}_default" PARTITION OF "{table}" DEFAULT')


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="BrowsedEvent",
            fields=[
                ("site_id", models.CharField(max_length=64)),
                ("day", models.DateField()),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("view", "view"),
                            ("impression", "impression"),
                            ("click", "click"),
                            ("add_to_cart", "add_to_cart"),
                            ("remove_from_cart", "remove_from_cart"),
                            ("purchase", "purchase"),
                            ("return", "return"),
                            ("wishlist", "wishlist"),
                            ("search", "search"),
                            ("rate", "rate"),
                            ("dismiss", "dismiss"),
                        ],
                        max_length=20,
                    ),
                ),
                ("time", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("shopper_id", models.UUIDField(null=True)),
                ("session_id", models.CharField(max_length=128, null=True)),
                ("item_id", models.CharField(max_length=128, null=True)),
                ("sku", models.CharField(max_length=128, null=True)),
                ("quantity", models.IntegerField()),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ("currency", models.CharField(max_length=3, null=True)),
                ("order_id", models.CharField(max_length=128, null=True)),
                ("query", models.CharField(max_length=500, null=True)),
                ("rating", models.FloatField(null=True)),
                ("placement", models.CharField(max_length=128, null=True)),
                ("position", models.IntegerField(null=True)),
                ("recommendation_id", models.UUIDField(null=True)),
                ("channel", models.CharField(max_length=16)),
                ("store_id", models.CharField(max_length=128, null=True)),
                ("historical", models.BooleanField()),
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name": "event",
                "db_table": "tracking_event",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=128)),
                ("payload", models.BinaryField()),
                ("reason", models.TextField()),
                ("failed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "tracking_dead_letter",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="LogRecord",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "xid", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("xid", apps.tracking.models.TransactionIdField(db_default=models.Func(function="pg_current_xact_id"))),
                ("seq", apps.tracking.models.SequenceField()),
                ("kind", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=128)),
                ("payload", models.BinaryField()),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "tracking_log",
            },
        ),
        CreatePartitionedModel(
            name="ServedSlate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "site_id",
                        "day",
                        "recommendation_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("site_id", models.CharField(max_length=64)),
                ("recommendation_id", models.UUIDField()),
                ("day", models.DateField()),
                ("time", models.DateTimeField()),
                ("placement", models.CharField(max_length=128)),
                ("shopper_id", models.UUIDField(null=True)),
                (
                    "item_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=128), size=None),
                ),
                ("strategy", models.CharField(max_length=64)),
                ("fallback", models.CharField(max_length=64, null=True)),
                ("model", models.CharField(max_length=128, null=True)),
                ("channel", models.CharField(max_length=16)),
                ("store_id", models.CharField(max_length=128, null=True)),
            ],
            options={
                "db_table": "tracking_exposure",
            },
        ),
        migrations.CreateModel(
            name="StreamPosition",
            fields=[
                ("group", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("position", models.CharField(blank=True, max_length=200)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "db_table": "tracking_stream_position",
            },
        ),
        CreatePartitionedModel(
            name="Event",
            fields=[
                ("site_id", models.CharField(max_length=64)),
                ("event_id", models.UUIDField()),
                ("day", models.DateField()),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("view", "view"),
                            ("impression", "impression"),
                            ("click", "click"),
                            ("add_to_cart", "add_to_cart"),
                            ("remove_from_cart", "remove_from_cart"),
                            ("purchase", "purchase"),
                            ("return", "return"),
                            ("wishlist", "wishlist"),
                            ("search", "search"),
                            ("rate", "rate"),
                            ("dismiss", "dismiss"),
                        ],
                        max_length=20,
                    ),
                ),
                ("time", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("shopper_id", models.UUIDField(null=True)),
                ("session_id", models.CharField(max_length=128, null=True)),
                ("item_id", models.CharField(max_length=128, null=True)),
                ("sku", models.CharField(max_length=128, null=True)),
                ("quantity", models.IntegerField()),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ("currency", models.CharField(max_length=3, null=True)),
                ("order_id", models.CharField(max_length=128, null=True)),
                ("query", models.CharField(max_length=500, null=True)),
                ("rating", models.FloatField(null=True)),
                ("placement", models.CharField(max_length=128, null=True)),
                ("position", models.IntegerField(null=True)),
                ("recommendation_id", models.UUIDField(null=True)),
                ("channel", models.CharField(max_length=16)),
                ("store_id", models.CharField(max_length=128, null=True)),
                ("historical", models.BooleanField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "site_id", "day", "event_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={
                "db_table": "tracking_event",
                "indexes": [models.Index(fields=["received_at"], name="tracking_event_received")],
            },
        ),
        # The log is written and trimmed all day: vacuum it by what has died, not by a share of what is there.
        migrations.RunSQL(
            "ALTER TABLE tracking_log SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, "
            "autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000)",
            migrations.RunSQL.noop,
        ),
    ]
