"""Lines of events from a server: in slices, each durable before the next, so that a caller can go on where it ended."""

from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from apps.tracking.contracts import MAX_EVENTS, MAX_PROBLEMS, BulkProblem, BulkResult, Envelope, IngestResult
from specrec.kernel.errors import Invalid, Unavailable

Take = Callable[[Envelope], IngestResult]
_Line = tuple[int, bytes]  # number from 1, text
_BOM = b"\xef\xbb\xbf"


def take_lines(*, body: bytes, take: Take) -> BulkResult:
    """Give the lines to `take` in slices and return what became of them.

    Raises Invalid where there are none. Raises Unavailable when a slice could not be written: its `accepted_lines`
    says how many lines, empty ones counted, are worked and need not be sent again.
    """
    totals = _Totals()
    lines = _lines(body)
    while part := list(islice(lines, MAX_EVENTS)):
        try:
            result = take(Envelope(events=[msgspec.Raw(text) for _, text in part]))
        except Unavailable as error:
            raise _interrupted(error, totals, part[0][0] - 1) from error
        totals.add(part, result)
    if not totals.lines:
        raise Invalid("The body has no lines; send one event a line.", code="no_events")
    return totals.result()


class _Totals:
    def __init__(self) -> None:
        self.lines = self.accepted = self.duplicate = self.dropped = 0
        self.problems: list[BulkProblem] = []

    def add(self, part: list[_Line], result: IngestResult) -> None:
        self.lines += len(part)
        self.accepted += result.accepted
        self.duplicate += result.duplicate
        self.dropped += result.dropped
        if result.dropped and len(self.problems) < MAX_PROBLEMS:
            found = [
                BulkProblem(part[one.index][0], one.reason, one.id, one.field, one.message)
                for one in result.results
                if one.reason is not None
            ]
            self.problems += found[: MAX_PROBLEMS - len(self.problems)]

    def result(self) -> BulkResult:
        return BulkResult(self.lines, self.accepted, self.duplicate, self.dropped, self.problems)


def _lines(body: bytes) -> Iterator[_Line]:
    """Yield the lines that hold something, without making copies of all of them at once."""
    start, number = len(_BOM) if body.startswith(_BOM) else 0, 0
    while start < len(body):
        number += 1
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        if text := body[start:end].strip():
            yield number, text
        start = end + 1


def _interrupted(error: Unavailable, totals: _Totals, worked: int) -> Unavailable:
    message = (
        f"Events cannot be written at the moment. The first {worked:,} lines are worked: "
        "send what follows them again, with the same ids and times."
    )
    return Unavailable(
        message,
        code=error.code,
        accepted_lines=worked,
        accepted=totals.accepted,
        duplicate=totals.duplicate,
        dropped=totals.dropped,
    )
