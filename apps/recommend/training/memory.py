"""How much memory a piece of work took at its highest, whatever the process took before."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"  # proc(5): the highest resident size so far becomes the present one


@dataclass(slots=True)
class Peak:
    """mb: the highest resident size of the process within the block, in MiB; grown_mb: how far above that before it.

    whole_life: the system cannot forget an earlier peak (no Linux, or no right to), so it may be one of those.
    """

    mb: float = 0.0
    grown_mb: float = 0.0
    whole_life: bool = False


@contextmanager
def measured() -> Iterator[Peak]:
    """Yield what is filled in when the block ends. Two blocks at once in one process share the later one's start."""
    peak = Peak(whole_life=not _forget_peak())
    before = _highest_mb()
    try:
        yield peak
    finally:
        peak.mb = round(_highest_mb(), 1)
        peak.grown_mb = round(peak.mb - before, 1)


def _forget_peak() -> bool:
    try:
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _highest_mb() -> float:
    """Return the highest resident size since it was last forgotten, in MiB."""
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest / (1_048_576 if sys.platform == "darwin" else 1_024)
    (found,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(found) / 1_024
