"""Candidates and shadows, what guards a promoted version, and what a training recorded."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recommend", "0006_event_weights"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="code_version",
            field=models.CharField(blank=True, help_text="The program that trained it.", max_length=128),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="counts",
            field=models.JSONField(default=dict, help_text="Rows that it learned from, by type of event."),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="report",
            field=models.TextField(blank=True, help_text="The blob key of its evaluation report; empty without one."),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="rolled_back_at",
            field=models.DateTimeField(
                help_text="When it was taken out of service as unfit; a roll-back never returns to such a version.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="shadowed_at",
            field=models.DateTimeField(help_text="Since when it scores in the shadow.", null=True),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="details",
            field=models.JSONField(default=dict, help_text="What it found: data, times, memory, and what was missing."),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="kind",
            field=models.CharField(choices=[("full", "Full"), ("refresh", "Refresh")], default="full", max_length=16),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="step",
            field=models.CharField(blank=True, help_text="The step under way, or the last one.", max_length=64),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="kept_versions",
            field=models.PositiveSmallIntegerField(
                default=5,
                help_text="Versions kept, for comparing and rolling back.",
                validators=[django.core.validators.MinValueValidator(2)],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="max_ctr_drop",
            field=models.FloatField(
                default=0.5,
                help_text="Roll back when clicks per impression are lower than the version before by a larger share.",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="max_empty_share",
            field=models.FloatField(
                default=0.2,
                help_text="Roll back when a larger share of slates was empty.",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="max_error_share",
            field=models.FloatField(
                default=0.05,
                help_text="Roll back when a larger share of slates had a failed step.",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="min_slates",
            field=models.PositiveIntegerField(
                default=200,
                help_text="Judge no version on fewer slates than this.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="promotion",
            field=models.CharField(
                choices=[
                    ("at_once", "At once"),
                    ("after_shadow", "After a time in the shadow"),
                    ("by_hand", "By hand"),
                ],
                default="at_once",
                help_text="When a version that passed the gate answers.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="recipe",
            field=models.CharField(
                default="shop", help_text="What it is trained with: manage.py recipes list.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="refresh_minutes",
            field=models.PositiveIntegerField(
                default=60,
                help_text="Bring counts and popularity up to date this often between trainings; 0 never does.",
                validators=[django.core.validators.MaxValueValidator(129600)],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="shadow_hours",
            field=models.FloatField(
                default=2.0,
                help_text="How long a version stays in the shadow before it answers.",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(720.0),
                ],
            ),
        ),
        migrations.AddField(
            model_name="trainingschedule",
            name="shadow_share",
            field=models.FloatField(
                default=0.1,
                help_text="The share of requests that a version in the shadow scores as well.",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="note",
            field=models.TextField(blank=True, help_text="Why it was promoted, rejected or rolled back."),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="state",
            field=models.CharField(
                choices=[
                    ("trained", "Trained, not judged yet"),
                    ("candidate", "Candidate: passed the gate, waits to be promoted"),
                    ("shadow", "Shadow: scores a share of the requests, answers none"),
                    ("promoted", "Promoted: answers with it"),
                    ("rejected", "Rejected by the gate"),
                    ("retired", "Retired"),
                ],
                default="trained",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "shadow")), fields=("site_id",), name="one_shadow_model_per_site"
            ),
        ),
    ]
