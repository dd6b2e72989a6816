"""The data folder: private, held by one launch at a time, with its secrets and a short place for sockets."""

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specrec.processes.spawn import Account

_SOCKET_PATH_LIMIT = 107  # bytes that the kernel stores of a Unix socket's path
_LONGEST_NAME = len("/postgres/.s.PGSQL.5432.lock")
_PRIVATE = 0o700
_SECRETS = frozenset({"postgres_password", "secret_key"})
# What a first launch may leave before it has made a secret, or with servers from elsewhere.
_OURS = frozenset(
    {"lock", "logs", "postgres", "postgres.draft", "redis", "kafka", "kafka.draft", "blobs", "static", "beat"}
) | {f".{name}.draft" for name in _SECRETS}


class PartsError(RuntimeError):
    """A part cannot be started or reached; the message says why and names the way out."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep the folder for this launch; raises PartsError naming the process that has it. Ends with the process."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            message = (
                f"{folder} is in use by another launch (process {owner}). Stop that one, "
                "or choose another folder: SPECREC_DATA_DIR=…"
            )
            raise PartsError(message) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def take(folder: Path) -> Path:
    """Take the folder for specrec's data: a new one is private, of an existing one nothing is changed.

    An existing one must be empty or hold specrec's data, belong to this account, and not be open to anybody's writing;
    otherwise PartsError.
    """
    try:
        if not folder.exists():
            return make_private(folder)
        found = folder.stat()
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        message = f"Cannot keep data in {folder}: {error.strerror}. Choose another folder: SPECREC_DATA_DIR=…"
        raise PartsError(message) from error
    reason = None
    if found.st_uid != os.geteuid():
        reason = "it belongs to another account"
    elif found.st_mode & stat.S_IWOTH:
        reason = "anybody may write into it"
    elif not (names & _SECRETS or names <= _OURS):
        reason = "it holds something else"
    if reason is not None:
        message = f"{folder} is no folder for specrec's data: {reason}. Choose a new or empty one: SPECREC_DATA_DIR=…"
        raise PartsError(message)
    return folder


def make_private(folder: Path, account: Account | None = None) -> Path:
    """Create the folder for this account alone; its parents, and one that is there, stay as they are.

    Raises PartsError where it cannot.
    """
    try:
        if folder.is_dir():
            return folder
        folder.mkdir(mode=_PRIVATE, parents=True)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    except OSError as error:
        message = f"Cannot keep data in {folder}: {error.strerror}. Choose another folder: SPECREC_DATA_DIR=…"
        raise PartsError(message) from error
    return folder


def secret(folder: Path, name: str) -> str:
    """Return the secret of this name, made at the first asking and kept in the folder, for the owner's eyes only."""
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.draft"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
        draft.replace(path)
    return path.read_text(encoding="utf-8").strip()


@contextmanager
def sockets(folder: Path, account: Account | None) -> Iterator[tuple[Path, Path]]:
    """Give two folders short enough for sockets, named after the data: PostgreSQL's account's, and ours."""
    name = f"specrec-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    top = _short_temp(name) / name
    _own_directory(top)
    shutil.rmtree(top / "redis", ignore_errors=True)
    shutil.rmtree(top / "postgres", ignore_errors=True)
    try:
        yield make_private(top / "postgres", account), make_private(top / "redis")
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _short_temp(name: str) -> Path:
    for candidate in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder below is checked to be ours and private
        if len(os.fsencode(candidate)) + 1 + len(name) + _LONGEST_NAME <= _SOCKET_PATH_LIMIT:
            return Path(candidate)
    message = "There is no temporary folder with a path short enough for sockets: set TMPDIR=/tmp"
    raise PartsError(message)


def _own_directory(path: Path) -> None:
    """Make the folder, or take ours of before; anything that somebody else put there is refused."""
    try:
        path.mkdir(mode=_PRIVATE)
    except FileExistsError as error:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            message = f"{path} belongs to somebody else. Remove it, or set TMPDIR to a folder of yours."
            raise PartsError(message) from error
        path.chmod(_PRIVATE)
