"""The supervisor and the ports: with small programs in place of the roles."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from specrec.commands import HOST
from specrec.embedded import Parts, PartsError
from specrec.processes.spawn import Command, spawn, wait_until
from specrec.processes.supervisor import Supervisor, Watched
from specrec.roles import PortBusy, Stack, free_port, log_of, run_stack

# A program with a child of its own that ignores the polite signal, as a stuck worker would.
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
_STUBBORN_CHILD = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {_DEAF!r}])
print("ready", flush=True)
time.sleep(600)
"""


def _watched(folder: Path, code: str) -> Watched:
    command = Command(argv=[sys.executable, "-c", code], cwd=folder, log=folder / "one.log", stop_signal=signal.SIGTERM)
    return Watched(command=command, stop=((signal.SIGTERM, 2.0),))


def _group(pgid: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pgid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """One program under watch, with two processes in its group."""
    supervisor = Supervisor({"one": _watched(tmp_path, _STUBBORN_CHILD)})
    supervisor.open()
    assert wait_until(lambda: "ready" in (tmp_path / "one.log").read_text(), seconds=10)
    yield supervisor
    supervisor.close()


class TestSupervisor:
    def test_starts_again_what_died_after_ending_the_rest_of_its_group(self, supervisor: Supervisor) -> None:
        first = supervisor.pids()["one"]
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: supervisor.pids().get("one", first) != first, seconds=10)
        assert _group(first) == []

    def test_killed_one_stays_down_until_started(self, supervisor: Supervisor) -> None:
        first = supervisor.pids()["one"]
        supervisor.kill("one")
        assert (supervisor.pids(), _group(first)) == ({}, [])
        supervisor.start("one")
        assert supervisor.pids()["one"] != first

    def test_close_leaves_no_process(self, supervisor: Supervisor) -> None:
        first = supervisor.pids()["one"]
        assert len(_group(first)) == 2
        supervisor.close()
        assert (supervisor.pids(), _group(first)) == ({}, [])

    def test_start_of_a_running_one_changes_nothing(self, supervisor: Supervisor) -> None:
        before = supervisor.pids()
        supervisor.start("one")
        assert supervisor.pids() == before

    def test_one_that_cannot_be_started_is_tried_again(
        self, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refusals = iter([OSError(11, "no processes left")])

        def refuse_once(command: Command) -> subprocess.Popen[bytes]:
            for error in refusals:
                raise error
            return spawn(command)

        monkeypatch.setattr("specrec.processes.supervisor.spawn", refuse_once)
        first = supervisor.pids()["one"]
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: supervisor.pids().get("one", first) != first, seconds=10)
        assert supervisor.deaths("one") == 2


class TestWaitUntilReady:
    def test_a_web_that_keeps_dying_is_given_up_with_the_end_of_its_log(self, tmp_path: Path) -> None:
        parts = Parts(folder=tmp_path, postgres="", redis="")
        web = _watched(tmp_path, "raise SystemExit('the door has no hinges')")
        web.command = replace(web.command, log=log_of(tmp_path, "web"))
        supervisor = Supervisor({"web": web})
        stack = Stack(url=f"http://{HOST}:{free_port()}", environment={}, parts=parts, supervisor=supervisor)
        with closing(supervisor), pytest.raises(PartsError, match=r"ended 3 times(.|\n)*the door has no hinges"):
            supervisor.open(first="web", until=stack.wait_until_ready)


class TestRunStack:
    def test_busy_port_is_named_with_the_way_out(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(PortBusy, match=rf"Port {port} .*SPECREC_PORT="), run_stack(tmp_path, port=port):
                pytest.fail("the port was taken twice")
        assert list(tmp_path.iterdir()) == []
