"""Events that were written before days were counted are to be counted; letters that nobody could read say so."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("tracking", "0004_letters_and_days"),
    ]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO tracking_day_change (site_id, day, changed)
            SELECT DISTINCT site_id, (time AT TIME ZONE 'UTC')::date, 1 FROM tracking_event
            ON CONFLICT (site_id, day) DO UPDATE SET changed = tracking_day_change.changed + 1
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE tracking_dead_letter SET cause = 'unreadable' WHERE reason LIKE 'unreadable: %'",
            migrations.RunSQL.noop,
        ),
    ]
