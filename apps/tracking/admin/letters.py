"""Dead letters."""

import json

import msgspec
from django.contrib import admin

from apps.tracking.admin.base import BoundedPaginator, ReadOnlyAdmin
from apps.tracking.models import DeadLetter


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What could not be written, and why."""

    list_display = ("failed_at", "kind", "key", "reason", "content")
    paginator = BoundedPaginator

    @admin.display(description="content")
    def content(self, letter: DeadLetter) -> str:
        """Show the record where it can be read at all."""
        try:
            return json.dumps(msgspec.msgpack.decode(bytes(letter.payload)), default=str)[:500]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return repr(bytes(letter.payload)[:200])
