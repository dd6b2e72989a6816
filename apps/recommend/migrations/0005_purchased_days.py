import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """No placement asks for more days than purchases are remembered."""

    dependencies = [
        ("recommend", "0004_run_states"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE recommend_placement SET exclude_purchased_days = 400 WHERE exclude_purchased_days > 400",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="placement",
            name="exclude_purchased_days",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text="Do not show what the shopper bought within this many days; 0 shows it again at once.",
                validators=[django.core.validators.MaxValueValidator(400)],
            ),
        ),
    ]
