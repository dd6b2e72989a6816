"""`manage.py follow_features`: the "features" consumer."""

import signal
import threading
from types import FrameType
from typing import Any

from apps.recommend import api
from specrec.kernel import commands


class Command(commands.Command):
    """Keep what is known of shoppers in step with the stream until SIGTERM or SIGINT; a second one stands by."""

    help = "Keep the shoppers' recent history in Redis in step with the event stream until it is told to stop."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run until a signal comes; what is being written is finished first."""
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        api.follow_features(stop=stopping.is_set)
