"""Positions by partition, rules of the intake, daily counts, what is known of device, referrer and campaign."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0002_log_trimmed'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site_id', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('type', models.CharField(max_length=20)),
                ('item_id', models.CharField(blank=True, max_length=128)),
                ('placement', models.CharField(blank=True, max_length=128)),
                ('channel', models.CharField(max_length=16)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('events', models.BigIntegerField()),
                ('quantity', models.BigIntegerField()),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=18)),
            ],
            options={
                'db_table': 'tracking_daily',
                'ordering': ['-day', 'site_id', 'type', '-events'],
            },
        ),
        migrations.CreateModel(
            name='IntakeRules',
            fields=[
                ('site_id', models.CharField(help_text="The site's slug, for example uk.", max_length=64, primary_key=True, serialize=False, verbose_name='site')),
                ('session_gap_minutes', models.PositiveSmallIntegerField(default=30, help_text='So many minutes of silence end a session.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)])),
                ('split_at_midnight', models.BooleanField(default=True, help_text='A session also ends at midnight in the time zone of the site.')),
                ('split_at_campaign', models.BooleanField(default=True, help_text='A session also ends when the shopper comes back by another campaign.')),
                ('drop_bots', models.BooleanField(default=True, help_text='Drop events of crawlers and monitors.')),
            ],
            options={
                'verbose_name': 'intake rules',
                'verbose_name_plural': 'intake rules',
                'db_table': 'tracking_intake_rules',
                'ordering': ['site_id'],
            },
        ),
        migrations.AddField(
            model_name='deadletter',
            name='cause',
            field=models.CharField(choices=[('unreadable', 'unreadable'), ('refused', 'refused by the table')], db_default='refused', max_length=16),
        ),
        migrations.AddField(
            model_name='event',
            name='campaign',
            field=models.CharField(max_length=128, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='device',
            field=models.CharField(max_length=16, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='referrer',
            field=models.CharField(max_length=16, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='replay',
            field=models.BooleanField(db_default=False),
        ),
        # The key of the old table cannot become that of the new one in place: its rows move over.
        migrations.RunSQL(
            "ALTER TABLE tracking_stream_position RENAME TO tracking_old_position",
            "ALTER TABLE tracking_old_position RENAME TO tracking_stream_position",
        ),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="StreamPosition")]),
        migrations.CreateModel(
            name="StreamPosition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=64)),
                ("partition", models.CharField(max_length=16)),
                ("position", models.CharField(blank=True, max_length=200)),
                ("updated_at", models.DateTimeField()),
            ],
            options={"db_table": "tracking_position", "ordering": ["group", "partition"]},
        ),
        migrations.AddConstraint(
            model_name="streamposition",
            constraint=models.UniqueConstraint(fields=("group", "partition"), name="one_position_per_partition"),
        ),
        migrations.RunSQL(
            [
                """
                INSERT INTO tracking_position ("group", partition, position, updated_at)
                SELECT "group", '0', position, updated_at FROM tracking_old_position
                """,
                "DROP TABLE tracking_old_position",
            ],
            """
            CREATE TABLE tracking_old_position AS
            SELECT "group", position, updated_at FROM tracking_position WHERE partition = '0'
            """,
        ),
        migrations.AddConstraint(
            model_name='dailycount',
            constraint=models.UniqueConstraint(fields=('site_id', 'day', 'type', 'item_id', 'placement', 'channel', 'currency'), name='one_daily_count_per_group'),
        ),
    ]
