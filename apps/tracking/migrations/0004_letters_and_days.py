"""Dead letters of any kind and key; which days of which sites are to be counted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0003_streams_and_rules'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='deadletter',
            options={'ordering': ['-id'], 'permissions': [('replay_deadletter', 'Can replay dead letters')]},
        ),
        migrations.AlterField(
            model_name='deadletter',
            name='key',
            field=models.TextField(),
        ),
        migrations.AlterField(
            model_name='deadletter',
            name='kind',
            field=models.TextField(),
        ),
        migrations.CreateModel(
            name='DayChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site_id', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('changed', models.BigIntegerField()),
                ('counted', models.BigIntegerField(db_default=0)),
            ],
            options={
                'db_table': 'tracking_day_change',
                'constraints': [models.UniqueConstraint(fields=('site_id', 'day'), name='one_change_per_site_and_day')],
            },
        ),
    ]
