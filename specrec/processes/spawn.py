"""Child processes that end when the launcher does, looked at by identity and not by number alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from specrec.processes import launch

# The kernel sends the parent-death signal when the *thread* that started the child ends. So one thread, which lives as
# long as this process, starts them all.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")
_LOG_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """Who a child runs as; None keeps the launcher's own identity."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start: absolute path and arguments, where, with what, and how it is asked to stop."""

    argv: Sequence[str]
    cwd: Path
    log: Path
    stop_signal: signal.Signals
    environment: Mapping[str, str] | None = None
    account: Account | None = None


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start the program in its own session, its output appended to the log."""
    return _STARTER.submit(_start, command).result()


def ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process is over, without forgetting its number, so that its group can still be named."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send the signal to the process and all of its group; nothing when it was collected already."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


def collect(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of an ended process's group, see it gone, and return the exit status."""
    signal_group(process, signal.SIGKILL)
    status = process.wait()
    # A killed process needs a moment to go, and its port with it; one that init never collects must not hold us.
    wait_until(lambda: not _has_group(process.pid), seconds=2.0)
    return status


def stop(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, waiting its seconds, until the process ends; then kill the rest of its group."""
    for number, patience in steps:
        if not ended(process):
            process.send_signal(number)
            wait_until(lambda: ended(process), seconds=patience)
    collect(process)


def wait_until(is_done: Callable[[], bool], *, seconds: float, step: float = 0.02) -> bool:
    """Return whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(step)
    return True


def processes_in(folder: Path, program: str) -> list[psutil.Process]:
    """Return this program's live processes that work in the folder: so a server is known by its data."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == program and Path(process.cwd()) == folder and _is_alive(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def end_orphans(folder: Path, program: str, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the processes of an earlier launcher in this folder, gently first; TimeoutError when they stay."""
    for number, patience in steps:
        for process in processes_in(folder, program):
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        if wait_until(lambda: not processes_in(folder, program), seconds=patience):
            return
    left = ", ".join(str(process.pid) for process in processes_in(folder, program))
    message = f"{program} of an earlier run still holds {folder} (process {left}) and does not end."
    raise TimeoutError(message)


def tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a log, for messages."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def _has_group(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def _is_alive(process: psutil.Process) -> bool:
    return process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


def _start(command: Command) -> subprocess.Popen[bytes]:
    account = command.account or Account(-1, -1)
    death = [str(os.getpid()), str(int(command.stop_signal)), str(account.uid), str(account.gid)]
    # Isolated and without site-packages the helper costs a few milliseconds.
    argv = [sys.executable, "-I", "-S", launch.__file__, *death, *command.argv]
    _make_room(command.log)
    with command.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - arguments are ours, no shell
            argv,
            cwd=command.cwd,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _make_room(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
