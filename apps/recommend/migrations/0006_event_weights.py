"""How much each type of event says of an interest, by site."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recommend', '0005_purchased_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventWeights',
            fields=[
                ('site_id', models.CharField(help_text="The site's slug, for example uk.", max_length=64, primary_key=True, serialize=False, verbose_name='site')),
                ('view', models.FloatField(default=1.0, help_text='0 leaves such events out.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
                ('click', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
                ('wishlist', models.FloatField(default=2.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
                ('add_to_cart', models.FloatField(default=2.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
                ('purchase', models.FloatField(default=3.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
                ('rate', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(100.0)])),
            ],
            options={
                'verbose_name': 'event weights',
                'verbose_name_plural': 'event weights',
                'db_table': 'recommend_event_weights',
                'ordering': ['site_id'],
            },
        ),
    ]
