"""Saying what is wrong with a filter: what, where, what was expected there, and how it is written."""

import difflib
from collections.abc import Iterable, Sequence

from apps.catalog.filters.fields import INSTEAD, known
from specrec.kernel.errors import Invalid

# Terminals of the grammar in words; what is not among them is never expected by anybody.
_WORDS = {
    "NAME": "a name such as price",
    "COMPARE": "=, !=, <, <=, >, >=",
    "_IN": "in",
    "_BETWEEN": "between",
    "_HAS": "has",
    "_EXISTS": "exists",
    "_AND": "and",
    "_OR": "or",
    "NOT": "not",
    "TEXT": 'text in quotes such as "round"',
    "NUMBER": "a number",
    "DATE": "a date such as 2026-01-31",
    "TRUE": "true",
    "FALSE": "false",
    "NOW": "now",
    "TODAY": "today",
    "SIGN": "+ or -",
    "SPAN": "a span such as 30d, 2w or 12h",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "$END": "the end",
}
_WRITTEN = (
    ("&", 'Write "and".'),
    ("|", 'Write "or".'),
    ("!", 'Write "not".'),
    ("=", 'One "=" is enough.'),
    ("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb", "Write straight quotes."),
)
_WIDTH = 100


class Writing:
    """A text that is being read, and the field of the request that it came in."""

    def __init__(self, text: str, field: str) -> None:
        self.text, self._field = text, field

    def fault(self, message: str, at: int, *, code: str, expected: Sequence[str] = ()) -> Invalid:
        """Return the error for the character at `at`, counted from 0; its message shows the line and the place."""
        at = min(max(at, 0), len(self.text))
        before = self.text[:at]
        line = before.count("\n") + 1
        start = before.rfind("\n") + 1
        column = at - start + 1
        whole = self.text[start:].split("\n", 1)[0]
        skip = max(0, column - 1 - _WIDTH // 2)
        caret = f"{whole[skip : skip + _WIDTH]}\n{' ' * (column - 1 - skip)}^"
        said = f"Line {line}, column {column}: {message}\n{caret}"
        extra = {"position": at, "line": line, "column": column, "caret": caret, "expected": list(expected)}
        return Invalid(said, code=code, field=self._field, **extra)

    def unexpected(self, at: int, terminals: Iterable[str]) -> Invalid:
        """Return the error for something that may not stand at `at`, where one of the terminals may."""
        expected = [word for name, word in _WORDS.items() if name in set(terminals)]
        found = self.text[at : at + 1]
        wanted = f"expected {_either(expected)}" if expected else "nothing may stand here"
        hint = next((f" {words}" for signs, words in _WRITTEN if found and found in signs), "")
        if "TEXT" in terminals and found in ("'", '"'):
            hint = " The text in quotes does not end."
        elif "TEXT" in terminals and found.isalpha():
            hint = f' Text stands in quotes: "{self.text[at:].split()[0].rstrip(",)")}".'
        return self.fault(f"{wanted}.{hint}", at, code="filter_syntax", expected=expected)

    def unknown(self, name: str, at: int) -> Invalid:
        """Return the error for a name that nobody knows, with what it was perhaps meant to be."""
        names = list(known())
        near = difflib.get_close_matches(name, names, n=3)
        if name in INSTEAD:
            hint = f"Write {INSTEAD[name]}."
        elif near:
            hint = f"Did you mean {_either(near)}?"
        else:
            hint = "Names are price, brand, category and so on;"
        message = f"there is no {name!r}. {hint} An attribute of your own is written attr.{name}."
        return self.fault(message, at, code="filter_unknown_name", expected=near)


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
