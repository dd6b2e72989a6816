"""The process of a server that is started, stopped and killed again and again: at most one at a time."""

import subprocess
from collections.abc import Callable, Sequence
from signal import SIGKILL, Signals

from specrec.processes.spawn import Command, collect, ended, spawn, stop, wait_until


class Child:
    """No process, or one that this program started and has not seen the last of."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        return self._process.pid if self._process is not None and self.runs() else None

    def runs(self) -> bool:
        """Return whether there is one that has not ended."""
        return self._process is not None and not ended(self._process)

    def clear_away(self) -> None:
        """See the last of one that ended by itself, with what is left of its group."""
        if self._process is not None:
            collect(self._process)
            self._process = None

    def start(self, command: Command, *, answers: Callable[[], bool], seconds: float) -> bool:
        """Start it and return whether it runs and answers in time; what does not is left to `stop`."""
        self._process = spawn(command)
        return wait_until(lambda: not self.runs() or answers(), seconds=seconds) and self.runs()

    def stop(self, steps: Sequence[tuple[Signals, float]]) -> None:
        """Stop it in order: each signal in turn, with the seconds that it is given."""
        if self._process is not None:
            stop(self._process, steps)
            self._process = None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(SIGKILL)
            self._process.wait()
            self._process = None
