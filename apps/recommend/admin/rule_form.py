"""The form of a rule: plain fields of its kind, and what they say put together and checked as the face checks it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.forms.models import ModelForm

from apps.profiles import api as profiles
from apps.recommend import api
from apps.recommend.contracts.rules import RuleInput, RuleKind
from apps.recommend.models import RULE_KINDS, MerchandisingRule
from specrec.kernel import wire
from specrec.kernel.errors import Problem

_WEEKDAYS = [
    ("mon", "Mon"),
    ("tue", "Tue"),
    ("wed", "Wed"),
    ("thu", "Thu"),
    ("fri", "Fri"),
    ("sat", "Sat"),
    ("sun", "Sun"),
]
_CHANNELS = [("web", "Web"), ("mobile", "Mobile"), ("store", "Store"), ("email", "E-mail")]
_GROUPED = ("spacing", "max_per_group")
_PARTS = ("effect", "target", "scope", "schedule")


class ListField(forms.CharField):
    """Names separated by commas, spaces or lines."""

    def prepare_value(self, value: Any) -> Any:
        """Return a list as it is written."""
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """Return the names."""
        return [name for name in re.split(r"[\s,]+", value or "") if name]


def _names(help_text: str, rows: int = 1) -> ListField:
    return ListField(required=False, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows, "cols": 80}))


def _number(label: str, help_text: str, **limits: float) -> forms.FloatField:
    return forms.FloatField(label=label, help_text=help_text, required=False, **limits)  # type: ignore[arg-type]  # limits


def _ticks(choices: list[tuple[str, str]], help_text: str) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(choices=choices, required=False, widget=widget, help_text=help_text)


def _moment(label: str, help_text: str) -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(label=label, required=False, widget=AdminSplitDateTime, help_text=help_text)


def _clock(label: str, help_text: str) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, input_formats=["%H:%M"], help_text=help_text)


class RuleForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What is typed into it becomes a `RuleInput`, kept as `self.written` once it is right."""

    kind = forms.ChoiceField(choices=RULE_KINDS, widget=forms.HiddenInput)
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    rule = forms.RegexField(
        r"\A[a-z0-9][a-z0-9_-]*\Z",
        label="Key",
        max_length=128,
        help_text="A name for reports and traces, such as own-brand-first. It stays.",
        error_messages={"invalid": "Use lower-case letters, digits, hyphens and underscores."},
    )
    title = forms.CharField(max_length=200, help_text="What it is for, in words that your colleagues understand.")
    note = forms.CharField(required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2, "cols": 80}))
    effect__position = forms.IntegerField(
        label="Place", required=False, min_value=1, max_value=100, help_text="1 is the first place of the list."
    )
    effect__factor = _number("Factor", "A boost: 1 to 10, where 2 doubles scores. A bury: 0.1 to 1.")
    effect__share = _number("Part of the list", "0.25 is a quarter of the places.", min_value=0, max_value=1)
    effect__at_most = forms.BooleanField(
        label="At most", required=False, help_text="Ticked: not more than this part. Not ticked: at least this part."
    )
    effect__count = forms.IntegerField(label="At most", required=False, min_value=1, max_value=100)
    effect__distance = forms.IntegerField(
        label="Places between", required=False, min_value=1, max_value=100, help_text="1: never side by side."
    )
    effect__group_by = forms.CharField(
        label="Of one",
        required=False,
        max_length=64,
        help_text="brand, item_type, category, or an attribute such as shape. Empty: all items named below.",
    )
    effect__least = _number("Least price", "In the site's currency, at the store where the list is shown.", min_value=0)
    effect__most = _number("Most price", "In the site's currency.", min_value=0)
    effect__least_margin = _number(
        "Least margin", "Part of the net price above cost: 0.3 is 30 %.", min_value=0, max_value=1
    )
    effect__tax = _number(
        "Tax within prices", "The rate: 0.2 is 20 %. Empty: prices are net.", min_value=0, max_value=1
    )
    effect__unknown_passes = forms.BooleanField(
        label="Show what has no known cost", required=False, help_text="Not ticked: what has no known cost is hidden."
    )
    target__item_ids = _names("Items, separated by commas. A pin shows the first of them that can be had.", 2)
    target__filter = forms.CharField(
        label="Filter",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text='Items that it lets through, too, such as: brand = "Lumen" and price < 100',
    )
    scope__placements = _names("Only in these placements. Empty: in all.")
    scope__category_ids = _names("Only on pages of these categories, or about items of them. Empty: everywhere.")
    scope__store_ids = _names("Only in these stores. Empty: everywhere.")
    scope__channels = _ticks(_CHANNELS, "Only in these channels. Nothing ticked: in all.")
    scope__audiences = _names(
        "Only for: guest, customer, new, returning, or what the shop names. Empty: for everybody."
    )
    schedule__starts_at = _moment("Starts", "UTC. Empty: at once.")
    schedule__ends_at = _moment("Ends", "UTC, not included. Empty: never.")
    schedule__weekdays = _ticks(_WEEKDAYS, "Nothing ticked: every day.")
    schedule__from_time = _clock("From", "Time of day, as 09:00. Empty: from midnight.")
    schedule__until_time = _clock("Until", "Not included. At or before the beginning it is that of the next day.")
    schedule__time_zone = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        help_text="Of weekdays and times of day, such as Europe/London. Empty: that of the site.",
    )

    class Meta:
        model = MerchandisingRule
        fields = ("site_id", "rule", "priority")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.written: RuleInput | None = None
        if "site_id" in self.fields:
            sites = [(site.site_id, f"{site.name} ({site.site_id})") for site in profiles.list_sites()]
            self.fields["site_id"] = forms.ChoiceField(label="Site", choices=sites)
        shown = fields_for(self._kind())
        for name in [name for name in self.fields if "__" in name and name not in shown]:
            del self.fields[name]
        if self.instance.pk:
            self.fields.pop("rule", None)
            self.initial = {**self.initial, **initial_of(self.instance)}

    def clean(self) -> dict[str, Any]:
        """Put the rule together; what is wrong with it stands beside its field."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if self.instance.pk and cleaned.get("number") != self.instance.number:
            words = "Somebody changed this rule while you had it open. Open it again, and repeat what you want of it."
            raise forms.ValidationError(words, code="rule_moved")
        try:
            self.written = wire.convert(self._written(cleaned), RuleInput)
            api.check_rule(rule=self.written)
        except Problem as problem:
            self._tell(problem)
        return cleaned

    def _kind(self) -> RuleKind:
        kind = self.instance.kind or self.data.get("kind") or self.initial.get("kind")
        known: RuleKind = msgspec.convert(kind, RuleKind)
        return known

    def _written(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was typed in as a rule is written; what was left empty is left out."""
        own = {name: cleaned[name] for name in ("title", "note", "priority")}
        written: dict[str, Any] = {"rule": cleaned.get("rule") or self.instance.rule, "kind": self._kind(), **own}
        for part in _PARTS:
            names = [name for name in cleaned if name.startswith(f"{part}__")]
            said = {name.partition("__")[2]: _plain(cleaned[name]) for name in names}
            written[part] = {name: value for name, value in said.items() if value not in (None, "", [], False)}
        return written

    def _tell(self, problem: Problem) -> None:
        name = re.sub(r"\[.*", "", problem.field or "").replace(".", "__")
        place = next((field for field in self.fields if field == name), None)
        if name == "target":
            place = "target__item_ids"
        self.add_error(place, problem.message)


def fields_for(kind: RuleKind) -> list[str]:
    """Return the fields that say something in a rule of this kind, in the order of the form."""
    effect = [f"effect__{name}" for name in api.list_rule_fields(kind=kind)]
    return [*effect, *(name for name in _others() if kind != "pin" or name != "target__filter")]


def initial_of(row: MerchandisingRule) -> dict[str, Any]:
    """Return what the form shows of a stored rule: its draft, or what is in force."""
    written = row.draft or row.written
    parts = {f"{part}__{name}": value for part in _PARTS for name, value in written.get(part, {}).items()}
    return {**parts, "number": row.number, "kind": row.kind, **{name: written[name] for name in ("title", "note")}} | {
        name: datetime.fromisoformat(parts[name]) for name in _MOMENTS if parts.get(name)
    }


_MOMENTS = ("schedule__starts_at", "schedule__ends_at")


def _others() -> list[str]:
    return [name for name in RuleForm.base_fields if "__" in name and not name.startswith("effect__")]


def _plain(value: Any) -> Any:
    return f"{value:%H:%M}" if hasattr(value, "hour") and not hasattr(value, "year") else value
