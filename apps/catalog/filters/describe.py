"""The names of the filter language in words, for the reference and for forms."""

from apps.catalog.filters.fields import Field, known

_KINDS = {"number": "number", "text": "text", "flag": "true or false", "time": "date", "any": "text or number"}
_TESTS = {
    "number": "= != < <= > >= in between has exists",
    "text": "= != in has exists",
    "flag": "alone, = != in exists",
    "time": "= != < <= > >= in between exists",
    "any": "= != < <= > >= in between has exists",
}


def rows() -> list[tuple[str, str, str, str]]:
    """Return for each bare name: the name, what its values are, how they may be compared, what it means."""
    return [(name, _values(field), _TESTS[field.kind], field.meaning) for name, field in known().items()]


def _values(field: Field) -> str:
    kind = " ".join(field.choices) if field.choices else _KINDS[field.kind]
    return f"several: {kind}" if field.many else kind
