"""Where a measuring program measures: a throwaway stack of the embedded parts, or the server that SPECREC_URL names."""

import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.client import Client
from specrec.roles import Stack, Twin, run_stack

ROLES = ("web", "worker", "consumer-table", "consumer-features")
# Of a throwaway stack. No training but what is asked for: one by the schedule would learn from half of the load.
THROWAWAY = {"SPECREC_RATE_LIMIT_PER_SECOND": "1000000", "SPECREC_TRAINING_SCHEDULE": "0"}


class PeakMemory:
    """The largest resident size that any child process had so far, by polling the kernel's own high-water marks."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Take a last reading and end."""
        self.read()
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.read()

    def read(self) -> None:
        """Look at every process once."""
        for process in psutil.Process().children(recursive=True):
            self.megabytes = max(self.megabytes, _high_water_mb(process.pid))


@dataclass
class Environment:
    """A running specrec. `stack` is None when it is somebody else's; then nothing of it can be killed or read."""

    url: str
    key: str
    stack: Stack | None
    peaks: PeakMemory = field(default_factory=PeakMemory)

    def client(self) -> Client:
        """Return a new connection with the secret key of the measured site."""
        return Client(self.url, self.key)


def _high_water_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended between the listing and the reading
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


@contextmanager
def environment(
    *,
    site_id: str,
    roles: Sequence[str] = ROLES,
    variables: dict[str, str] | None = None,
    twin: Twin = "postgres",
) -> Iterator[Environment]:
    """Yield a place to measure with a site and its secret key; a throwaway one is gone afterwards, files and processes.

    Its stream is the twin: the Postgres log, or Kafka, which needs the test bed (PartsError without it). With
    SPECREC_URL set, SPECREC_KEY must hold a secret key of an empty site there.
    """
    if url := os.environ.get("SPECREC_URL"):
        yield Environment(url=url, key=os.environ["SPECREC_KEY"], stack=None)
        return
    with (
        tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder,
        run_stack(Path(folder), roles=roles, environment=THROWAWAY | (variables or {}), stream=twin) as stack,
    ):
        place = Environment(url=stack.url, key=_make_site(stack, site_id), stack=stack)
        place.peaks.start()
        try:
            yield place
        finally:
            place.peaks.stop()


def _make_site(stack: Stack, site_id: str) -> str:
    words = (site_id, "--name", site_id, "--locale", "en-GB", "--currency", "GBP", "--time-zone", "UTC")
    stack.manage("create_site", *words)
    return stack.manage("create_key", site_id, "--kind", "secret", "--name", "bench").strip()
