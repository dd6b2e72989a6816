"""A whole stack of roles on this machine.

A role is what a deployment would run; `run_stack` runs several as children of this process, for the demo, the measuring
programs and the journey tests.
"""

import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from specrec.commands import HOST, ROLES, ROOT, Place, manage, role_named
from specrec.embedded import Parts, PartsError, start_parts
from specrec.processes.folder import make_private
from specrec.processes.interrupts import ended_by_signals
from specrec.processes.keeper import Keeper, Kept
from specrec.processes.spawn import Command, tail, wait_until
from specrec.processes.supervisor import Supervisor, Watched
from specrec.settings import env
from specrec.testbed import new_kafka

__all__ = [
    "DEFAULT_ROLES",
    "HOST",
    "ROLES",
    "ROOT",
    "PortBusy",
    "Stack",
    "Twin",
    "chosen_port",
    "free_port",
    "run_stack",
]

_HOPELESS = 3  # deaths of the web before it answered once
Twin = Literal["postgres", "kafka"]
DEFAULT_ROLES = ("web", "worker", "consumer-table", "consumer-features")


class PortBusy(PartsError):
    """Another program listens on the port."""


class Stack:
    """A running stack: its address, its variables, its parts, and its roles and parts to kill and start by name."""

    def __init__(
        self,
        *,
        url: str,
        environment: Mapping[str, str],
        parts: Parts,
        supervisor: Supervisor,
        broker: Kept | None = None,
    ) -> None:
        self.url = url
        self.environment = dict(environment)
        self.parts = parts
        self._supervisor = supervisor
        self._broker = broker

    def kill(self, name: str) -> None:
        """End the role, every process of it, or the part ("postgres", "redis", "kafka") as `kill -9` does.

        It stays down until it is started again.
        """
        if name == "kafka" and self._broker is not None:
            self._broker.kill()
        elif name == "postgres":
            self.parts.kill_postgres()
        elif name == "redis":
            self.parts.kill_redis()
        else:
            self._supervisor.kill(name)

    def start(self, name: str) -> None:
        """Start the role or the part (again); wait until a part or the web answers."""
        if name == "kafka" and self._broker is not None:
            self._broker.start()
        elif name == "postgres":
            self.parts.start_postgres()
        elif name == "redis":
            self.parts.start_redis()
        else:
            self._supervisor.start(name)
            if name == "web":
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
        """Wait until the web is ready; PartsError with the end of its log when it is not in time, or keeps dying."""
        before = self._supervisor.deaths("web")

        def is_hopeless() -> bool:
            return self._supervisor.deaths("web") - before >= _HOPELESS

        address = f"{self.url}/health/ready"
        in_time = wait_until(lambda: is_hopeless() or _answers(address), seconds=seconds, step=0.05)
        if not in_time or is_hopeless():
            why = f"did not become ready in {seconds:.0f} s" if not in_time else f"ended {_HOPELESS} times at its start"
            raise PartsError(f"The web {why}.\n{tail(self.log('web'), 30)}")

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
    stream: Twin | None = None,
) -> Iterator[Stack]:
    """Run parts and roles with everything they keep in the folder; ready when the block begins, gone when it ends.

    Without a port a free one is taken; a busy one raises PortBusy. `environment` is added to what the roles get. With
    `parts` those are used and left running. With the stream "kafka" a broker of the test bed is one part more
    (PartsError where there is none); without one the environment decides. Several of one role have names of their own:
    "consumer-table", "consumer-table-2". SIGINT and SIGTERM end the block with KeyboardInterrupt.
    """
    port = free_port() if port is None else _checked_port(port)
    with ExitStack() as exits:
        exits.enter_context(ended_by_signals())
        running = parts if parts is not None else exits.enter_context(start_parts(folder))
        broker = exits.enter_context(_broker(running.folder)) if stream == "kafka" else None
        variables = _variables(running, stream, broker) | {"DJANGO_SETTINGS_MODULE": settings} | dict(environment or {})
        make_private(running.folder / "beat")
        run_manage("migrate", "--noinput", environment=variables)
        if broker is not None:
            # One broker has one copy; a few partitions are plenty for the few readers that fit on a machine.
            run_manage("create_topics", "--replication", "1", "--partitions", "4", environment=variables)
        place = Place(folder=running.folder, port=port, roles=roles)
        supervisor = Supervisor({name: _watched(name, place, variables) for name in roles})
        url = f"http://{HOST}:{port}"
        stack = Stack(url=url, environment=variables, parts=running, supervisor=supervisor, broker=broker)
        exits.callback(supervisor.close)
        # The web first: on two cores five interpreters that start at once keep its first answer waiting for seconds.
        supervisor.open(first="web" if "web" in roles else None, until=stack.wait_until_ready)
        yield stack


@contextmanager
def _broker(folder: Path) -> Iterator[Kept]:
    """Run a broker of the test bed in the folder, kept running as the other parts are."""
    broker = Kept("Kafka", new_kafka(folder))
    keeper = Keeper([broker])
    try:
        broker.start()
        keeper.open()
        try:
            yield broker
        finally:
            keeper.close()
    finally:
        broker.stop()


def _variables(parts: Parts, stream: Twin | None, broker: Kept | None) -> dict[str, str]:
    chosen = {"SPECREC_STREAM": stream} if stream is not None else {}
    address = {"SPECREC_KAFKA_BROKERS": broker.url} if broker is not None else {}
    return os.environ | parts.environment() | {"SPECREC_WORKER_GRACE_SECONDS": "2"} | chosen | address


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
    role = role_named(name)
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
