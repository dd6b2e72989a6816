"""The test bed: real counterparts of parts that have no wheel, from jars that are fetched once into the checkout.

`python -m specrec.testbed` (`make testbed`) fetches, starts Apache Kafka in a throwaway folder and keeps it running
until Ctrl-C, with the variables to use it printed; `python -m specrec.testbed fetch` only fetches.
"""

import hashlib
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from specrec.commands import ROOT
from specrec.processes.folder import PartsError, make_private
from specrec.processes.interrupts import ended_by_signals
from specrec.processes.java import HOW_TO_GET, OLDEST, copy_jars, find_java, find_maven
from specrec.processes.kafka import Kafka

__all__ = ["Kafka", "PartsError", "Testbed", "fetch", "find", "new_kafka", "start_kafka"]

POM = ROOT / "deploy" / "testbed" / "pom.xml"
CACHE = ROOT / ".cache" / "testbed"


@dataclass(frozen=True, slots=True)
class Testbed:
    """What the test bed runs on: a Java, and the folder of Kafka's jars."""

    __test__ = False  # the name is no test class, whatever pytest takes it for

    java: Path
    jars: Path


def find() -> Testbed | None:
    """Return the test bed where its jars are fetched and there is a Java to run them, else None."""
    java, jars = find_java(), _jars()
    return Testbed(java=java, jars=jars) if java is not None and jars.is_dir() else None


def fetch() -> Testbed:
    """Fetch the jars where they are not there yet; raises PartsError that says what is missing and how to get it."""
    java, jars = find_java(), _jars()
    if java is None:
        raise PartsError(f"The test bed cannot run: there is no Java {OLDEST}. {HOW_TO_GET}")
    if not jars.is_dir():
        maven = find_maven()
        if maven is None:
            raise PartsError(f"The test bed cannot be fetched: there is no Maven (mvn). {HOW_TO_GET}")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=CACHE) as draft:
            lib = Path(draft) / "lib"
            copy_jars(maven=maven, pom=POM, to=lib, log=CACHE / "maven.log")
            if not jars.is_dir():  # another process may have been quicker
                lib.rename(jars)
    return Testbed(java=java, jars=jars)


def new_kafka(folder: Path) -> Kafka:
    """Return a broker that keeps its data in the folder, not started; raises PartsError without the test bed."""
    testbed = find()
    if testbed is None:
        raise PartsError(f"There is no test bed: run make testbed-fetch. {HOW_TO_GET}")
    return Kafka(folder=folder, java=testbed.java, jars=testbed.jars)


@contextmanager
def start_kafka(folder: Path) -> Iterator[Kafka]:
    """Run a broker with its data in the folder while the block runs; raises PartsError without the test bed.

    One that was killed inside the block stays down until it is started.
    """
    broker = new_kafka(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def main(arguments: list[str]) -> int:
    """Fetch, and unless only that was asked for, keep Kafka running until SIGINT or SIGTERM."""
    if arguments not in ([], ["fetch"]):
        sys.stderr.write("usage: python -m specrec.testbed [fetch]\n")
        return 2
    try:
        with ended_by_signals():
            testbed = fetch()
            if arguments:
                sys.stdout.write(f"The test bed is in {testbed.jars}\n")
            else:
                _keep_running()
    except PartsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _keep_running() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="specrec-testbed-") as folder,
        start_kafka(make_private(Path(folder))) as broker,
    ):
        variables = {"SPECREC_STREAM": "kafka", "SPECREC_KAFKA_BROKERS": broker.brokers}
        for name, value in variables.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.write("# then make the topics: python manage.py create_topics --replication 1\n")
        sys.stdout.write(f"# Apache Kafka runs (process {broker.pid}); Ctrl-C stops it and forgets what it holds\n")
        sys.stdout.flush()
        while True:
            signal.pause()


def _jars() -> Path:
    """Return where the jars of this very description are, or would be."""
    return CACHE / f"jars-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
