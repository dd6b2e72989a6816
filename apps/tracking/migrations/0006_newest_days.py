"""Daily counts are read newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0005_days_before'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='dailycount',
            index=models.Index(fields=['-day', 'site_id', 'type', '-events'], name='tracking_daily_newest'),
        ),
    ]
