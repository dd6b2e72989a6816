"""Dead letters: what could not be written and why, to be tried again once that is mended."""

import json
from typing import Any

import msgspec
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from apps.tracking import api
from apps.tracking.admin.base import BoundedPaginator, ReadOnlyAdmin
from apps.tracking.contracts import Exposure, TrackedEvent
from apps.tracking.models import DeadLetter
from specrec.kernel import clock
from specrec.kernel.errors import Problem

# More than this takes longer than anybody waits for a page.
_AT_ONCE = 5_000
_SHOWN = 500
_MASK = "…"
# Who it was, and what somebody wrote.
_PERSONAL = frozenset({"shopper_id", "session_id", "order_id", "query"})
_TYPES: dict[str, type[TrackedEvent | Exposure]] = {"event": TrackedEvent, "exposure": Exposure}


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What could not be written, and why."""

    list_display = ("id", "failed_at", "cause", "kind", "reason", "content")
    list_filter = ("cause", "kind", "failed_at")
    search_fields = ("reason",)
    date_hierarchy = "failed_at"
    paginator = BoundedPaginator
    list_per_page = 50
    actions = ("replay_selected", "replay_shown")  # type: ignore[assignment]  # the base has none

    @admin.display(description="content")
    def content(self, letter: DeadLetter) -> str:
        """Show the record, as far as it can be read at all, without what it says of a person."""
        payload = bytes(letter.payload)
        try:
            found = msgspec.msgpack.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return f"{len(payload):,} bytes that are no record, beginning with {payload[:4].hex(' ')}"
        return json.dumps(_masked(letter.kind, payload, found), default=str, ensure_ascii=False)[:_SHOWN]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Return whether this user may replay; asked for by the actions."""
        return request.user.has_perm("tracking.replay_deadletter")

    @admin.action(description="Replay selected dead letters", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        """Try the selected letters again."""
        self._replay(request, letters)

    @admin.action(description="Replay all shown dead letters", permissions=["replay"])
    def replay_shown(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        """Try again all letters that the filters let through, on this page or not."""
        self._replay(request, letters)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list; "all shown" needs no selection, which Django would ask for."""
        if request.POST.get("action") == "replay_shown":
            post = request.POST.copy()
            post.setlist(ACTION_CHECKBOX_NAME, ["0"])
            post["select_across"] = "1"
            request.POST = post  # type: ignore[assignment]  # a copy of it is as good
        return super().changelist_view(request, extra_context)

    def _replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        ids = list(letters.order_by("id").values_list("id", flat=True)[: _AT_ONCE + 1])
        try:
            result = api.replay_dead_letters(ids=ids[:_AT_ONCE], now=clock.now())
        except Problem as problem:
            self.message_user(request, f"{problem.message} Replay again what is left.", messages.ERROR)
            return
        told = (
            f"{result.written} written to their table, {result.streamed} put into the stream again, "
            f"{result.still_dead} still dead."
        )
        if len(ids) > _AT_ONCE:
            told += f" There are more than {_AT_ONCE:,}: use manage.py replay_dead_letters."
        self.message_user(request, told, messages.WARNING if result.still_dead else messages.SUCCESS)


def _masked(kind: str, payload: bytes, found: Any) -> Any:
    """Return the record with the names of its fields where they can be known, and without personal values."""
    names = _find_names(kind, payload)
    if names is None:
        return _MASK  # what is not ours to read is not ours to show
    values = {
        name: _MASK if name in _PERSONAL and value is not None else value
        for name, value in zip(names, found, strict=False)
    }
    return {name: _text(value) for name, value in values.items() if value is not None}


def _find_names(kind: str, payload: bytes) -> tuple[str, ...] | None:
    """Return the fields of the record in order; None for one that is not as its kind says: a name may be anywhere."""
    shape = _TYPES.get(kind)
    if shape is None:
        return None
    try:
        msgspec.msgpack.decode(payload, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return shape.__struct_fields__


def _text(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
