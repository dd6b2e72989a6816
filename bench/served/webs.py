"""Web processes beside a stack: as many workers as are to be measured, with the variables of the stack."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from signal import SIGTERM

import psutil

from specrec.commands import HOST, ROLES, ROOT, Place
from specrec.embedded import PartsError
from specrec.processes.spawn import Command, ended, spawn, stop, tail
from specrec.roles import Stack, free_port

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Web:
    """A web that answers: where, its process, and the seconds from its start until all of its workers were ready."""

    url: str
    pid: int
    ready_s: float

    def worker_mb(self) -> list[float]:
        """Return the memory of each worker, what it shares with others in equal parts (PSS), the largest first."""
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            try:
                found.append(round(process.memory_full_info().pss / _MEGABYTE, 1))
            except psutil.NoSuchProcess:
                continue
        return sorted(found, reverse=True)


@contextmanager
def web_of(stack: Stack, *, workers: int, seconds: float = 120.0) -> Iterator[Web]:
    """Run a web of so many workers, each ready when the block begins; PartsError with the end of its log else."""
    os.environ["SPECREC_WEB_WORKERS"] = str(workers)
    port = free_port()
    argv = ROLES["web"].argv(Place(folder=stack.parts.folder, port=port, roles=("web",)))
    log = stack.parts.folder / "logs" / f"measured-{port}.log"
    url = f"http://{HOST}:{port}"
    with _running(argv, stack.environment, log) as (pid, started):
        ready = f"{url}/health/ready"
        _wait(lambda: _started(log) >= workers and _answers(ready), pid, log, seconds)
        yield Web(url=url, pid=pid, ready_s=round(time.monotonic() - started, 2))


@contextmanager
def hello(folder: Path) -> Iterator[str]:
    """Yield the address of a server that only says hello, on the server's own protocol, with one worker."""
    port = free_port()
    argv = [
        *(sys.executable, "-m", "granian", "--interface", "rsgi", "bench.served.hello:application", "--no-ws"),
        *("--host", HOST, "--port", str(port), "--http", "1", "--workers", "1", "--no-access-log"),
    ]
    log = folder / "hello.log"
    url = f"http://{HOST}:{port}/"
    with _running(argv, dict(os.environ), log) as (pid, _):
        _wait(lambda: _answers(url), pid, log, 20.0)
        yield url


@contextmanager
def _running(argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[tuple[int, float]]:
    started = time.monotonic()
    process = spawn(Command(argv=argv, cwd=ROOT, log=log, stop_signal=SIGTERM, environment=environment))
    try:
        yield process.pid, started
    finally:
        if not ended(process):
            stop(process, ROLES["web"].stop)


def _wait(is_ready: Callable[[], bool], pid: int, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > deadline or not psutil.pid_exists(pid):
            raise PartsError(f"The web was not ready in {seconds:.0f} s.\n{tail(log, 30)}")
        time.sleep(0.02)


def _started(log: Path) -> int:
    """Return how many workers the server has told of; it tells of one when its application is loaded."""
    return log.read_text(encoding="utf-8", errors="replace").count("Started worker-")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own address
            return bool(response.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
