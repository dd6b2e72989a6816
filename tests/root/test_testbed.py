"""The test bed: what is said where something is missing, and brokers that are killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from specrec import testbed
from specrec.commands import ROOT
from specrec.processes import tansu
from specrec.processes.folder import PartsError
from specrec.processes.kafka import Kafka
from specrec.processes.spawn import wait_until
from specrec.processes.tansu import Tansu, find_tansu, start_tansu
from specrec.testbed import Testbed, fetch, find, main, start_kafka
from tests.testbed import required

_COUNT = 500
_FETCHES = 'for word in "$@"; do case $word in -DoutputDirectory=*) /bin/mkdir -p "${word#*=}";; esac; done'
_FAILS = "echo 'Could not transfer artifact'; exit 1"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all programs that this machine has, none yet, and nothing fetched."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(testbed, "CACHE", tmp_path / "cache")
    return programs


def _program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _java(folder: Path, version: str) -> Path:
    return _program(folder, "java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")


class TestFind:
    def test_nothing_without_java(self, machine: Path) -> None:
        assert find() is None

    def test_nothing_without_jars(self, machine: Path) -> None:
        _java(machine, "21.0.2")
        assert find() is None

    def test_what_was_fetched(self, machine: Path) -> None:
        java = _java(machine, "17.0.15")
        _program(machine, "mvn", _FETCHES)
        assert fetch() == find() == Testbed(java=java, jars=testbed.CACHE / fetch().jars.name)


class TestFetch:
    def test_without_java_it_says_how_to_get_it(self, machine: Path) -> None:
        with pytest.raises(PartsError, match=r"there is no Java 17\..* apt install default-jre-headless maven"):
            fetch()

    def test_an_old_java_is_none(self, machine: Path) -> None:
        _java(machine, "1.8.0_292")
        with pytest.raises(PartsError, match="there is no Java 17"):
            fetch()

    def test_java_home_names_it(self, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        java = _java(machine.parent / "jdk" / "bin", "25")
        _program(machine, "mvn", _FETCHES)
        monkeypatch.setenv("JAVA_HOME", str(machine.parent / "jdk"))
        assert fetch().java == java

    def test_without_maven_it_says_how_to_get_it(self, machine: Path) -> None:
        _java(machine, "17.0.15")
        with pytest.raises(PartsError, match=r"there is no Maven \(mvn\).* apt install default-jre-headless maven"):
            fetch()

    def test_what_maven_said_is_shown_and_nothing_half_is_kept(self, machine: Path) -> None:
        _java(machine, "17.0.15")
        _program(machine, "mvn", _FAILS)
        with pytest.raises(PartsError, match="Could not transfer artifact"):
            fetch()
        assert [path.name for path in testbed.CACHE.iterdir()] == ["maven.log"]

    def test_maven_is_not_asked_for_what_is_there(self, machine: Path) -> None:
        _java(machine, "17.0.15")
        _program(machine, "mvn", _FETCHES)
        first = fetch()
        (machine / "mvn").unlink()
        assert fetch() == first


class TestMain:
    def test_what_is_missing_is_an_error(self, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["fetch"]) == 1
        assert "there is no Java 17" in capsys.readouterr().err

    def test_unknown_words_are_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["start"]) == 2
        assert capsys.readouterr().err == "usage: python -m specrec.testbed [fetch]\n"

    def test_it_runs_until_interrupted_and_leaves_nothing(self) -> None:
        required()
        argv = [sys.executable, "-m", "specrec.testbed"]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            printed = [next(program.stdout) for _ in range(4)]
            brokers = printed[1].removeprefix("export SPECREC_KAFKA_BROKERS=").strip()
            assert (printed[0], _topics(brokers)) == ("export SPECREC_STREAM=kafka\n", set())
            pid = int(printed[3].partition("(process ")[2].partition(")")[0])
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=60) == 0
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


class TestStartKafka:
    def test_without_the_test_bed_it_says_how_to_get_it(self, machine: Path, tmp_path: Path) -> None:
        with pytest.raises(PartsError, match="run make testbed-fetch"), start_kafka(tmp_path):
            pytest.fail("there is no Java")

    def test_acknowledged_records_survive_a_kill(self, broker: Kafka) -> None:
        before = _fill(broker.brokers, "kept")
        broker.kill()
        assert broker.pid is None
        broker.start()
        assert (_count(broker.brokers, "kept"), broker.brokers) == (_COUNT, before)

    def test_records_survive_a_new_launch_on_the_folder(self, tmp_path: Path) -> None:
        required()
        with start_kafka(tmp_path) as first:
            _fill(first.brokers, "kept")
        with start_kafka(tmp_path) as second:
            assert _count(second.brokers, "kept") == _COUNT

    def test_no_topic_is_made_by_a_misspelt_name(self, broker: Kafka) -> None:
        producer = Producer({"bootstrap.servers": broker.brokers, "log_level": 0, "message.timeout.ms": 2_000})
        errors: list[object] = []
        producer.produce("misspelt", b"lost", on_delivery=lambda error, _message: errors.append(error))
        producer.flush(10)
        assert [error is not None for error in errors] == [True]
        assert "misspelt" not in _topics(broker.brokers)


class TestStartTansu:
    @pytest.fixture(autouse=True)
    def _wheel(self) -> None:
        if find_tansu() is None:
            pytest.skip("There is no Tansu for this machine.")

    def test_it_forgets_everything_and_keeps_its_address(self, tmp_path: Path) -> None:
        with start_tansu(tmp_path) as broker:
            address = _fill(broker.brokers, "gone")
            broker.kill()
            broker.start()
            assert (_topics(broker.brokers), broker.brokers) == (set(), address)

    def test_nothing_runs_afterwards(self, tmp_path: Path) -> None:
        with start_tansu(tmp_path) as broker:
            pid = broker.pid
        assert pid is not None
        assert broker.pid is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_a_lost_execute_bit_is_no_obstacle(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = find_tansu()
        assert program is not None
        plain = tmp_path / "tansu-of-the-wheel"
        plain.write_bytes(program.read_bytes())
        plain.chmod(0o400)
        monkeypatch.setattr(tansu, "find_tansu", lambda: plain)
        with start_tansu(tmp_path) as broker:
            assert broker.pid is not None
        assert plain.stat().st_mode & 0o777 == 0o400

    def test_without_the_wheel_it_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tansu, "find_tansu", lambda: None)
        with pytest.raises(PartsError, match=r"install specrec\[brokers\]"):
            Tansu(folder=tmp_path).start()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for the module: starting is the slow part."""
    required()
    with start_kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def _admin(brokers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": brokers, "log_level": 0})


def _topics(brokers: str) -> set[str]:
    return set(_admin(brokers).list_topics(timeout=10).topics)


def _fill(brokers: str, topic: str) -> str:
    """Make the topic and write records that are acknowledged; return the brokers."""
    admin = _admin(brokers)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(10)
    assert wait_until(lambda: topic in _topics(brokers), seconds=10)
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "log_level": 0})
    errors: list[object] = []
    for number in range(_COUNT):
        producer.produce(topic, str(number), on_delivery=lambda error, _message: errors.append(error))
    assert producer.flush(30) == 0
    assert errors == [None] * _COUNT
    return brokers


def _count(brokers: str, topic: str) -> int:
    """Return how many records the topic's only partition holds."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "counting", "log_level": 0})
    with closing(consumer):
        oldest, newest = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    return newest - oldest
