"""The embedded default: PostgreSQL (with pgvector) and Redis from wheels, in one folder; nothing else to install.

`DATABASE_URL` and `REDIS_URL`, where set, are used instead of starting. By hand: `python -m specrec.embedded FOLDER`
keeps the parts running and prints shell exports.
"""

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from specrec.processes.folder import PartsError, held, make_private, secret, sockets, take
from specrec.processes.interrupts import ended_by_signals
from specrec.processes.keeper import Keeper, Kept
from specrec.processes.postgres import Postgres, account_for_root
from specrec.processes.redis import Redis

__all__ = ["Parts", "PartsError", "start_parts"]


class Parts:
    """The running parts, their addresses (which stay the same over kill and start), and what child processes need."""

    def __init__(self, *, folder: Path, postgres: Kept | str, redis: Kept | str) -> None:
        self.folder = folder
        self._postgres = postgres
        self._redis = redis

    @property
    def database_url(self) -> str:
        """The address of PostgreSQL."""
        return self._postgres if isinstance(self._postgres, str) else self._postgres.url

    @property
    def redis_url(self) -> str:
        """The address of Redis."""
        return self._redis if isinstance(self._redis, str) else self._redis.url

    def environment(self) -> dict[str, str]:
        """Return the variables that specrec's processes need to work with these parts and this folder."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SPECREC_SECRET_KEY": secret(self.folder, "secret_key"),
            "SPECREC_BLOBS_DIR": str(make_private(self.folder / "blobs")),
            "SPECREC_STATIC_DIR": str(make_private(self.folder / "static")),
            "SPECREC_PLAIN_HTTP": "1",
        }

    def pids(self) -> dict[str, int]:
        """Return the process numbers of the parts started here."""
        found = {"postgres": self._postgres, "redis": self._redis}
        return {name: part.pid for name, part in found.items() if not isinstance(part, str) and part.pid is not None}

    def kill_postgres(self) -> None:
        """End PostgreSQL as `kill -9` does; down until it is started; PartsError where it is not ours."""
        self._own_postgres().kill()

    def start_postgres(self) -> None:
        """Start PostgreSQL again on the same address, after a crash or a kill."""
        self._own_postgres().start()

    def restart_postgres(self) -> None:
        """Kill and start PostgreSQL."""
        self.kill_postgres()
        self.start_postgres()

    def kill_redis(self) -> None:
        """End Redis as `kill -9` does; down until it is started; PartsError where it is not ours."""
        self._own_redis().kill()

    def start_redis(self) -> None:
        """Start Redis again on the same address, after a crash or a kill."""
        self._own_redis().start()

    def restart_redis(self) -> None:
        """Kill and start Redis."""
        self.kill_redis()
        self.start_redis()

    def _own_postgres(self) -> Kept:
        if isinstance(self._postgres, str):
            message = "DATABASE_URL names a PostgreSQL that was not started here. Unset it to use the embedded one."
            raise PartsError(message)
        return self._postgres

    def _own_redis(self) -> Kept:
        if isinstance(self._redis, str):
            message = "REDIS_URL names a Redis that was not started here. Unset it to use the embedded one."
            raise PartsError(message)
        return self._redis


@contextmanager
def start_parts(folder: Path, *, environ: Mapping[str, str] | None = None) -> Iterator[Parts]:
    """Run the parts with their data in the folder while the block runs; raises PartsError with the way out.

    A part that ends by itself is started again on its address. SIGINT and SIGTERM end the block with KeyboardInterrupt,
    so that nothing stays behind.

    `environ` is where DATABASE_URL and REDIS_URL are looked for (by default the process's own environment; an empty
    mapping always starts both).
    """
    environ = os.environ if environ is None else environ
    folder = take(folder.expanduser().absolute()).resolve()
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        stack.enter_context(held(folder))
        account = account_for_root()
        make_private(folder / "logs")
        postgres_sockets, redis_sockets = stack.enter_context(sockets(folder, account))
        postgres: Kept | str = environ.get("DATABASE_URL") or Kept(
            "PostgreSQL", Postgres(folder=folder, sockets=postgres_sockets, account=account)
        )
        redis: Kept | str = environ.get("REDIS_URL") or Kept("Redis", Redis(folder=folder, sockets=redis_sockets))
        own = [part for part in (postgres, redis) if not isinstance(part, str)]
        for part in own:
            stack.callback(part.stop)
            part.start()
        keeper = Keeper(own)
        keeper.open()
        stack.callback(keeper.close)
        yield Parts(folder=folder, postgres=postgres, redis=redis)


def main(arguments: list[str]) -> int:
    """Keep the parts running until SIGINT or SIGTERM, with their variables printed for a shell."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m specrec.embedded FOLDER\n")
        return 2
    try:
        with start_parts(Path(arguments[0])) as parts:
            for name, value in parts.environment().items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
            sys.stdout.write(f"# running in {parts.folder} with {parts.pids()}; Ctrl-C stops them\n")
            sys.stdout.flush()
            while True:
                signal.pause()
    except PartsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
