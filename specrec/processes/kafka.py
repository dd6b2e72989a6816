"""Apache Kafka from its published jars: one broker that is its own controller (KRaft), on loopback, in one folder.

What it acknowledged survives `kill -9`: the operating system has it by then. As everywhere with Kafka, only copies on
other machines guard against the crash of a machine, and there are none here. Flushing to the disk before every answer
would (`log.flush.interval.messages=1`), one partition after the other: measured side by side, a hundred records over
twelve partitions then took 70 ms and more in place of 7, which is nobody's Kafka.
"""

import base64
import secrets
import shutil
import subprocess
from pathlib import Path
from signal import SIGKILL, SIGTERM

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from specrec.processes.child import Child
from specrec.processes.folder import PartsError, make_private
from specrec.processes.ports import listens, quiet_ports
from specrec.processes.spawn import Command, collect, end_orphans, spawn, tail

_START_SECONDS = 90.0  # recovery after a crash reads the newest segments; two busy cores need their time
_FORMAT_SECONDS = 90.0
_HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError")
_PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    # Topics are made from their description, never by a misspelt name.
    "auto.create.topics.enable": "false",
    # One broker: no part of it can have a second copy.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "offsets.topic.num.partitions": "3",
    "group.initial.rebalance.delay.ms": "0",
    # A consumer that was killed holds its partitions for as long as its session: let clients choose short ones.
    "group.min.session.timeout.ms": "1000",
    # After `kill -9` the broker may come back only when its former self counts as gone.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # The default takes a quarter of the heap for compacting a handful of positions.
    "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
}
_LOGGING = """\
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaServer
logger.server.level = INFO
appender.console.name = console
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
"""


class Kafka:
    """One broker in one folder; its ports stay the same over `kill` and `start`."""

    def __init__(self, *, folder: Path, java: Path, jars: Path) -> None:
        self._folder = folder
        self._data = folder / "kafka"
        self._log = folder / "logs" / "kafka.log"
        self._java = java
        self._jars = jars
        self._port, self._controller_port = quiet_ports(2)
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
        """Start and wait until our own data answers, with a leader for every partition."""
        if self._child.runs():
            return
        self._child.clear_away()
        if not (self._data / "cluster_id").exists():
            self._format()
        self._end_orphans()
        self._configure(self._data)
        command = self._command("kafka.Kafka", str(self._data / "server.properties"), cwd=self._data)
        if not self._child.start(command, answers=self._answers, seconds=_START_SECONDS):
            self.stop()
            raise PartsError(f"Kafka did not start in {self._data}.\n{tail(self._log)}")

    def stop(self) -> None:
        """Stop in order."""
        self._child.stop([(SIGTERM, 30.0)])

    def kill(self) -> None:
        """End the broker as `kill -9` does."""
        self._child.kill()

    def _format(self) -> None:
        """Make the folder beside its final place, so that an interrupted attempt is never taken for a whole one."""
        draft = self._folder / "kafka.draft"
        for left in (draft, self._data):
            shutil.rmtree(left, ignore_errors=True)
        make_private(draft)
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        self._configure(draft)
        words = ("format", "--cluster-id", cluster_id, "--config", str(draft / "server.properties"))
        process = spawn(self._command("kafka.tools.StorageTool", *words, cwd=draft))
        try:
            is_made = process.wait(timeout=_FORMAT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            collect(process)
            is_made = False
        if not is_made:
            raise PartsError(f"Kafka's folder cannot be made.\n{tail(self._log)}")
        (draft / "cluster_id").write_text(cluster_id, encoding="ascii")
        draft.rename(self._data)

    def _configure(self, folder: Path) -> None:
        properties = _PROPERTIES | {
            "listeners": f"PLAINTEXT://{self.brokers},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.brokers}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(folder / "log"),
        }
        lines = "".join(f"{name}={value}\n" for name, value in properties.items())
        (folder / "server.properties").write_text(lines, encoding="utf-8")
        (folder / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")

    def _command(self, program: str, *words: str, cwd: Path) -> Command:
        logging = f"-Dlog4j2.configurationFile={cwd / 'log4j2.properties'}"
        argv = [str(self._java), *_HEAP, logging, "-cp", f"{self._jars}/*", program, *words]
        return Command(argv=argv, cwd=cwd, log=self._log, stop_signal=SIGTERM)

    def _end_orphans(self) -> None:
        try:
            end_orphans(self._data, self._java.name, [(SIGTERM, 20.0), (SIGKILL, 5.0)])
        except TimeoutError as error:
            raise PartsError(f"{error} End it, or choose another folder.") from error

    def _answers(self) -> bool:
        if not listens(self._port):
            return False
        # Quiet: what it would say about a broker that is still starting is no news.
        client = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        try:
            found = client.list_topics(timeout=5.0)
        except KafkaException:
            return False
        cluster_id = (self._data / "cluster_id").read_text(encoding="ascii")
        partitions = [one for topic in found.topics.values() for one in topic.partitions.values()]
        is_ours = str(found.cluster_id) == cluster_id and bool(found.brokers)
        return is_ours and all(one.leader >= 0 for one in partitions)
