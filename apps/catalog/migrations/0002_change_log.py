import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0001_catalogue'),
    ]

    operations = [
        migrations.CreateModel(
            name='CatalogChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site_id', models.CharField(max_length=64)),
                ('stamp', models.BigIntegerField()),
                ('item_keys', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='Items written, removed, priced or stocked.', size=None)),
                ('places', models.BooleanField(default=False, help_text='Whether stores or categories changed.')),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site_id', 'stamp'), name='catalog_change_once_per_stamp')],
            },
        ),
        migrations.AddIndex(
            model_name='price',
            index=models.Index(condition=models.Q(('valid_from__isnull', False)), fields=['site_id', 'currency', 'valid_from'], name='catalog_price_begins'),
        ),
        migrations.AddIndex(
            model_name='price',
            index=models.Index(condition=models.Q(('valid_until__isnull', False)), fields=['site_id', 'currency', 'valid_until'], name='catalog_price_ends'),
        ),
    ]
