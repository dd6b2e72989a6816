"""What the types of a recipe cannot say: every name is one that exists, and a refusal names file and field."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from apps.recommend import conf
from apps.recommend.training.parameters import USUAL
from specrec.kernel.errors import Invalid

METRICS = ("recall@10", "ndcg@10")
Ranges = Mapping[str, Mapping[str, tuple[int | float, int | float]]]


def check_names(event_types: set[str], metrics: set[str], *, source: str) -> None:
    """Raise Invalid for an event type that has no weight, or a metric that there is not."""
    for kind in event_types - conf.EVENT_WEIGHTS.keys():
        raise _unknown_name(source, f"dataset.event_weights.{kind}", list(conf.EVENT_WEIGHTS))
    for metric in metrics - set(METRICS):
        raise _unknown_name(source, f"evaluation.metrics: {metric}", list(METRICS))


def check_algorithms(algorithms: Mapping[str, dict[str, Any]], search: Ranges, *, source: str) -> None:
    """Raise Invalid for what no algorithm is told, and for a range of a search that it could not be told."""
    for name, section in algorithms.items():
        if name not in USUAL:
            raise _unknown_name(source, f"algorithms.{name}", list(USUAL))
        _check_section(source, name, section, type(USUAL[name]))
    for name, ranges in search.items():
        for key, (low, high) in ranges.items():
            place = f"search.{name}.{key}"
            if not low < high:
                raise bad(source, place, f"{low} is not below {high}")
            for end in (low, high):
                _check_end(source, algorithms.get(name, {}), (name, key), end)


def _check_end(source: str, section: dict[str, Any], place: tuple[str, str], end: float) -> None:
    """Raise Invalid where a parameter may not have the value that its search ends at."""
    name, key = place
    if name not in USUAL:
        raise _unknown_name(source, f"search.{name}", list(USUAL))
    _check_section(source, name, section | {key: end}, type(USUAL[name]))


def _check_section(source: str, name: str, section: dict[str, Any], kind: type) -> None:
    place = f"algorithms.{name}"
    refuse_unknown(section, kind, source, ("algorithms", name))
    for key, value in section.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise bad(source, f"{place}.{key}", "a parameter is a finite number")
    try:
        msgspec.convert(section, type=kind)
    except msgspec.ValidationError as error:
        reason, inner = told(error)
        raise bad(source, f"{place}.{inner}" if inner else place, reason) from error


def refuse_unknown(values: dict[str, Any], kind: type, source: str, path: tuple[str, ...]) -> None:
    """Raise Invalid for a key that is no field; a misspelt one would otherwise be the usual value, silently."""
    hints = get_type_hints(kind)
    names = [one.name for one in dataclasses.fields(kind)]
    for key, value in values.items():
        place = (*path, key)
        if key not in names:
            raise _unknown_name(source, ".".join(place), names)
        if dataclasses.is_dataclass(hints[key]) and isinstance(value, dict):
            refuse_unknown(value, hints[key], source, place)


def told(error: msgspec.ValidationError) -> tuple[str, str | None]:
    """Return what msgspec says, and the field where it says one."""
    reason, _, place = str(error).partition(" - at `$")
    return reason.replace("`", ""), place.strip("`.") or None


def _unknown_name(source: str, place: str, known: list[str]) -> Invalid:
    return bad(source, place, f"there is no such name here; there are {', '.join(known)}")


def bad(source: str, field_name: str | None, reason: str) -> Invalid:
    """Return the refusal of a recipe, for people and with the field."""
    where = f"{source}, {field_name}" if field_name else source
    return Invalid(f"The recipe cannot be read: {where}: {reason}.", code="bad_recipe", field=field_name, file=source)
