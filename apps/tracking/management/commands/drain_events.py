"""`manage.py drain_events`: the "table" consumer."""

import signal
import threading
from types import FrameType
from typing import Any

from apps.tracking import api
from specrec.kernel import commands


class Command(commands.Command):
    """Write the event stream to the tables until SIGTERM or SIGINT; a second one started stands by."""

    help = "Write the event stream to the event and exposure tables until it is told to stop."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run until a signal comes; what is being written is finished first."""
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        api.drain(stop=stopping.is_set)
