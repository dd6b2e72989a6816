"""An experiment as a form: plain fields for what `ExperimentInput` holds, variants as the JSON that the API takes."""

from datetime import UTC
from typing import Any

import msgspec
from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.postgres.forms import SimpleArrayField
from django.forms.models import ModelForm

from apps.profiles import api as profiles
from apps.recommend.contracts.experiments import ExperimentInput
from apps.recommend.experiments.check import check_change, check_end, check_experiment
from apps.recommend.experiments.stored import to_info
from apps.recommend.ml.outcomes import METRICS
from apps.recommend.models import Experiment
from specrec.kernel import clock, wire
from specrec.kernel.errors import Problem

_METRICS = [(name, f"{name}: {metric.words}") for name, metric in METRICS.items()]
_VARIANTS = [{"variant": "control"}, {"variant": "other", "changes": {"diversity": 0.4}}]
_INPUTS = tuple(name for name in ExperimentInput.__struct_fields__ if name != "experiment")


class ExperimentForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What runs keeps all but title, ramp, guardrails and end."""

    title = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))
    placements = SimpleArrayField(
        forms.CharField(max_length=128),
        widget=forms.TextInput(attrs={"size": 80}),
        help_text="On which placements it holds, by their keys, separated by commas.",
    )
    variants = forms.JSONField(
        initial=_VARIANTS,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 90}),
        help_text="The first is the control. changes: fields of the placement that are other; weight: how many get it; "
        "model: the stamp of a model version that answers.",
    )
    metric = forms.ChoiceField(choices=_METRICS, help_text="What it is about. The others are shown as well.")
    guardrails = forms.MultipleChoiceField(
        choices=_METRICS,
        required=False,
        initial=["returns"],
        widget=forms.CheckboxSelectMultiple,
        help_text="A variant that is known to worsen one of these, or the metric, ends the experiment by itself.",
    )
    unit = forms.ChoiceField(
        choices=[("shopper", "each shopper"), ("store", "each store")], help_text="What is put on a side as a whole."
    )
    attribution_hours = forms.IntegerField(
        initial=24, help_text="What a shopper does counts for so long after a slate was seen."
    )
    planned_units = forms.IntegerField(
        required=False, help_text="How many shoppers or stores are planned in all: there the intervals are narrowest."
    )
    ramp = forms.FloatField(initial=1.0, help_text="The share of them that takes part, 0 to 1. It may only be raised.")
    ends_at = forms.SplitDateTimeField(required=False, widget=AdminSplitDateTime, help_text="UTC. It ends by itself.")
    layer = forms.CharField(initial="default", help_text="Experiments of one layer never share a shopper.")
    layer_from = forms.FloatField(initial=0.0, help_text="The part of the layer that it may have, from 0 …")
    layer_until = forms.FloatField(initial=1.0, help_text="… to 1. Those of others may not overlap.")
    hold_out = forms.BooleanField(
        required=False, help_text="Shoppers of the first variant take part in no other experiment of the site."
    )

    class Meta:
        model = Experiment
        fields = ("site_id", "experiment")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show what is written."""
        super().__init__(*args, **kwargs)
        for name, value in (self.instance.written or {}).items():
            if name in self.fields:
                self.initial[name] = value
        ends_at = self.initial.get("ends_at")
        if ends_at:
            self.initial["ends_at"] = msgspec.convert(ends_at, ExperimentInput.__annotations__["ends_at"], strict=False)

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be an experiment, at the field that is wrong."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            site_id = cleaned.get("site_id") or self.instance.site_id
            profiles.get_site(site_id=site_id)
            written = self.written()
            check_experiment(site_id, written)
            if self.instance.pk:
                before = to_info(Experiment.objects.get(pk=self.instance.pk))
                check_change(before, written)
                if before.state == "running":
                    check_end(written, clock.now())
        except Problem as problem:
            name = (problem.field or "").partition("[")[0].partition(".")[0]
            self.add_error(name if name in self.fields else None, problem.message)
        return cleaned

    def written(self) -> ExperimentInput:
        """Return what the form says; raises Invalid."""
        given = {name: self.cleaned_data[name] for name in _INPUTS}
        if given["ends_at"] is not None:
            given["ends_at"] = given["ends_at"].astimezone(UTC)
        key = self.cleaned_data.get("experiment") or self.instance.experiment  # it is no input any more once it is kept
        return wire.convert(given | {"experiment": key}, ExperimentInput)
