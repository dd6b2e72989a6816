"""The newest trimmed record of the Postgres log, below which no position can be read on from."""

import apps.tracking.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="LogTrimmed",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("xid", apps.tracking.models.TransactionIdField()),
                ("seq", models.BigIntegerField()),
            ],
            options={"db_table": "tracking_log_trimmed"},
        ),
    ]
