"""The roles in which the one image is started, and a whole stack of them on this machine.

A role is what a deployment would run; `run_stack` runs several as children of this process, for the demo, the measuring
programs and the journey tests. The image's other roles (collector, puller) are these programs with other settings.
"""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT, SIGTERM, Signals

from specrec.embedded import Parts, PartsError, start_parts
from specrec.processes.folder import make_private
from specrec.processes.interrupts import ended_by_signals
from specrec.processes.spawn import Command, tail, wait_until
from specrec.processes.supervisor import Supervisor, Watched
from specrec.settings import env

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
DEFAULT_ROLES = ("web", "worker", "consumer-table", "consumer-features")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role runs: the folder for its files and the port for its door."""

    folder: Path
    port: int
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Role:
    """How a role is started, and how it is stopped: signals in order, each with the seconds that it is given."""

    argv: Callable[[Place], list[str]]
    stop: tuple[tuple[Signals, float], ...] = ((SIGTERM, 5.0),)
    # What the kernel sends when the launcher itself was killed: a worker puts its tasks back instead of finishing them.
    at_launcher_death: Signals = SIGTERM


def _web(place: Place) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "specrec.wsgi:application", "--no-ws"),
        *("--host", HOST, "--port", str(place.port), "--http", "1", "--http1-keep-alive", "--no-access-log"),
        *("--workers", str(env.integer("SPECREC_WEB_WORKERS", 2))),
        # More threads share one interpreter lock: the default halves the throughput. Two, so that one slow request does
        # not hold up all others of its worker.
        *("--blocking-threads", str(env.integer("SPECREC_WEB_THREADS", 2))),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "3"),
    ]


def _celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "specrec.celery", *words, "--loglevel", "INFO"]


def _worker(place: Place) -> list[str]:
    concurrency = str(env.integer("SPECREC_WORKER_CONCURRENCY", 2))
    quiet = ("--without-gossip", "--without-mingle", "--concurrency", concurrency)
    beat = () if "beat" in place.roles else ("--beat", "--schedule", str(place.folder / "beat" / "schedule"))
    return _celery("worker", *quiet, *beat)


def _beat(place: Place) -> list[str]:
    return _celery("beat", "--schedule", str(place.folder / "beat" / "schedule"))


def manage(*words: str) -> list[str]:
    """Return the command line of a management command."""
    return [sys.executable, str(ROOT / "manage.py"), *words]


# A worker finishes its tasks (warm), then puts them back (cold), then is ended.
_CELERY_STOP = ((SIGTERM, 3.0), (SIGQUIT, 5.0))
ROLES: dict[str, Role] = {
    "web": Role(argv=_web, stop=((SIGTERM, 5.0),)),
    "worker": Role(argv=_worker, stop=_CELERY_STOP, at_launcher_death=SIGQUIT),
    "beat": Role(argv=_beat),
    "consumer-table": Role(argv=lambda _place: manage("drain_events")),
    "consumer-features": Role(argv=lambda _place: manage("follow_features")),
}


class PortBusy(PartsError):
    """Another program listens on the port."""


class Stack:
    """A running stack: its address, its variables, its parts, and its roles to kill and start."""

    def __init__(self, *, url: str, environment: Mapping[str, str], parts: Parts, supervisor: Supervisor) -> None:
        self.url = url
        self.environment = dict(environment)
        self.parts = parts
        self._supervisor = supervisor

    def kill(self, role: str) -> None:
        """End every process of the role as `kill -9` does; it stays down until it is started again."""
        self._supervisor.kill(role)

    def start(self, role: str) -> None:
        """Start the role (again); for the web wait until it answers."""
        self._supervisor.start(role)
        if role == "web":
            self.wait_until_ready()

    def stop(self, role: str) -> None:
        """Stop the role in order; it stays down until it is started again."""
        self._supervisor.stop(role)

    def pids(self) -> dict[str, int]:
        """Return the process number of every role that runs."""
        return self._supervisor.pids()

    def log(self, role: str) -> Path:
        """Return where the role's output goes."""
        return log_of(self.parts.folder, role)

    def wait_until_ready(self, *, seconds: float = 60.0) -> None:
        """Wait until the web says that it is ready; PartsError with the end of its log when it does not."""
        if not wait_until(lambda: _answers(f"{self.url}/health/ready"), seconds=seconds, step=0.05):
            raise PartsError(f"The web did not become ready in {seconds:.0f} s.\n{tail(self.log('web'), 30)}")

    def manage(self, *words: str) -> str:
        """Run a management command with this stack's variables and return what it printed; PartsError when it fails."""
        return run_manage(*words, environment=self.environment)


@contextmanager
def run_stack(
    folder: Path,
    *,
    roles: Sequence[str] = DEFAULT_ROLES,
    port: int | None = None,
    settings: str = "specrec.settings.base",
    environment: Mapping[str, str] | None = None,
    parts: Parts | None = None,
) -> Iterator[Stack]:
    """Run parts and roles with everything they keep in the folder; ready when the block begins, gone when it ends.

    Without a port a free one is taken; a busy one raises PortBusy. `environment` is added to what the roles get. With
    `parts` those are used and left running. SIGINT and SIGTERM end the block with KeyboardInterrupt.
    """
    port = free_port() if port is None else _checked_port(port)
    with ExitStack() as exits:
        exits.enter_context(ended_by_signals())
        running = parts if parts is not None else exits.enter_context(start_parts(folder))
        extra = {"DJANGO_SETTINGS_MODULE": settings, "SPECREC_WORKER_GRACE_SECONDS": "2", **(environment or {})}
        variables = os.environ | running.environment() | extra
        make_private(running.folder / "beat")
        run_manage("migrate", "--noinput", environment=variables)
        place = Place(folder=running.folder, port=port, roles=roles)
        supervisor = Supervisor({name: _watched(name, place, variables) for name in roles})
        stack = Stack(url=f"http://{HOST}:{port}", environment=variables, parts=running, supervisor=supervisor)
        exits.callback(supervisor.close)
        supervisor.open()
        if "web" in roles:
            stack.wait_until_ready()
        yield stack


def run_manage(*words: str, environment: Mapping[str, str]) -> str:
    """Run a management command as a process and return what it printed; PartsError with its words when it fails."""
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        manage(*words), env=environment, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise PartsError(f"`manage.py {' '.join(words)}` failed:\n{done.stdout[-2_000:]}{done.stderr[-4_000:]}")
    return done.stdout


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def chosen_port(default: int) -> int:
    """Return the port that SPECREC_PORT names, or the default."""
    return env.integer("SPECREC_PORT", default)


def log_of(folder: Path, role: str) -> Path:
    """Return where the output of a role goes."""
    return folder / "logs" / f"{role}.log"


def _checked_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports of closed connections are free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            message = (
                f"Port {port} of {HOST} is in use ({error.strerror}). Choose another one: SPECREC_PORT={free_port()}"
            )
            raise PortBusy(message) from error
    return port


def _watched(name: str, place: Place, variables: Mapping[str, str]) -> Watched:
    role = ROLES[name]
    command = Command(
        argv=role.argv(place),
        cwd=ROOT,
        log=log_of(place.folder, name),
        stop_signal=role.at_launcher_death,
        environment=variables,
    )
    return Watched(command=command, stop=role.stop)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False
