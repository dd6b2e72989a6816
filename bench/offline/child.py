"""Measure in a process of its own, so that its peak of memory is that of one method and of nothing before it."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

Work = dict[str, Any]


class ChildFailed(Exception):
    """A measurement ended without figures; says which and how."""


def ask_child(module: str, work: Work) -> Work:
    """Run `python -m module` with the work and return what it answers; raises ChildFailed with its last line."""
    with tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", module, str(answer)]
        done = subprocess.run(
            command,
            input=msgspec.json.encode(work),
            stderr=subprocess.PIPE,
            stdout=sys.stderr,
            check=False,
            env={"OMP_WAIT_POLICY": "PASSIVE"} | os.environ,  # as the product's own settings do
        )
        if done.returncode != 0 or not answer.exists():
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            message = (
                f"{work.get('method', module)} ended with {done.returncode}: {lines[-1] if lines else 'no message'}"
            )
            raise ChildFailed(message)
        found: Work = msgspec.json.decode(answer.read_bytes())
        return found


def answer_parent(measure: Callable[[Work], Work]) -> None:
    """The child's side: read the work from the input, write the figures and the peak to the file that is named."""
    answer = Path(sys.argv[1])
    found = measure(msgspec.json.decode(sys.stdin.buffer.read()))
    answer.write_bytes(msgspec.json.encode(found | {"peak_mb": round(peak_megabytes())}))


def peak_megabytes() -> float:
    """Return the high-water mark of this process's resident memory.

    Linux keeps `ru_maxrss` across exec, the parent's included; `VmHWM` begins anew with the program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1_024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1_024 * 1_024 if os.uname().sysname == "Darwin" else 1_024)


class Stopwatch:
    """Seconds of the phases of a measurement, wall clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Give the time since the last lap to the phase."""
        now = time.perf_counter()
        self.seconds[phase] = round(now - self._since, 2)
        self._since = now
