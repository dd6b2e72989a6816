"""When the database refuses a value that passed our checks: one entry must not cost its neighbours."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from django.db import DataError, IntegrityError, transaction

from apps.catalog.contracts import LineError, WriteResult
from apps.catalog.services.checks import line_error
from specrec.kernel.errors import Invalid

logger = logging.getLogger(__name__)
T = TypeVar("T")
Outcome = WriteResult | LineError


@contextmanager
def refusing() -> Iterator[None]:
    """Open a transaction (a savepoint inside of one); what the database cannot hold leaves it as Invalid."""
    try:
        with transaction.atomic():
            yield
    except (DataError, IntegrityError) as error:
        reason = str(error).partition("\n")[0]
        message = f"The database cannot hold one of the values: {reason}."
        raise Invalid(message, code="cannot_be_stored") from error


def write_apart(
    entries: Sequence[T], write: Callable[[Sequence[T]], list[Outcome]], *, id_of: Callable[[T], str | None]
) -> list[Outcome]:
    """Write all entries at once; if the database refuses, each half for itself, down to the entry that it refuses.

    The outcomes are in the order of the entries, the lines of errors are their 1-based places among them.
    """
    try:
        with refusing():
            return write(entries)
    except Invalid as problem:
        if len(entries) == 1:
            # Our checks should have known: the entry is reported to its sender, the hole in the checks to us.
            logger.warning("the database refused what the checks let through: %s", problem.message)
            return [line_error(1, id_of(entries[0]), problem)]
    half = len(entries) // 2
    first = write_apart(entries[:half], write, id_of=id_of)
    second = write_apart(entries[half:], write, id_of=id_of)
    return first + [_moved(outcome, half) for outcome in second]


def _moved(outcome: Outcome, lines: int) -> Outcome:
    if isinstance(outcome, LineError):
        return msgspec.structs.replace(outcome, line=outcome.line + lines)
    return outcome
