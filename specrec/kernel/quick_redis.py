"""Redis for the hot path: a few commands, one round trip, half the cost of the full client.

The connection is made by redis-py (address, password, TLS, database), one for each thread; what is sent and read on it
afterwards is packed and parsed by hiredis alone. Errors are redis-py's.
"""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import hiredis
import redis

from specrec.kernel.redis import client

Command = tuple[str | int | float | bytes | memoryview, ...]
_local = threading.local()


class _Link:
    """One connection of one thread of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.pool = client().connection_pool
        connection: Any = self.pool.make_connection()  # Any: what follows is not in its public face
        connection.connect()
        self._connection = connection
        self._socket: socket.socket = connection._sock  # noqa: SLF001 - redis-py has no public name for it
        self._reader = hiredis.Reader()
        self._usual = self._within = self._socket.gettimeout()

    def ask(self, packed: bytes, count: int, within: float | None) -> list[Any]:
        within = self._usual if within is None else within
        if within != self._within:
            self._socket.settimeout(within)
            self._within = within
        self._socket.sendall(packed)
        answers: list[Any] = []
        while len(answers) < count:
            data = self._socket.recv(65_536)
            if not data:
                message = "Redis closed the connection"
                raise ConnectionResetError(message)
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not False:
                answers.append(answer)
        return answers

    def close(self) -> None:
        self._connection.disconnect()


def ask(*commands: Command, within: float | None = None) -> list[Any]:
    """Return the answers to the commands, in order; raises RedisError. Bytes in, bytes out.

    within: seconds after which nothing more is waited for, where the usual time is too long.
    A connection that Redis has closed since is opened once more and the commands are sent again: give it only such as
    may run twice.
    """
    pack: Callable[[Command], bytes] = cast("Any", hiredis.pack_command)  # its stub says: commands of one word only
    packed = b"".join([pack(command) for command in commands])
    link, fresh = _link()
    try:
        return _checked(link.ask(packed, len(commands), within))
    except TimeoutError as error:
        _drop(link)
        raise redis.TimeoutError(str(error)) from error
    except OSError as error:
        _drop(link)
        if fresh:
            raise redis.ConnectionError(str(error)) from error
        return ask(*commands, within=within)
    except hiredis.HiredisError as error:
        _drop(link)
        raise redis.ConnectionError(str(error)) from error
    except redis.ResponseError:
        raise  # an answer like any other: all of them were read
    except BaseException:
        # Answers may be half read, and the next question would be answered by them.
        _drop(link)
        raise


def _link() -> tuple[_Link, bool]:
    link: _Link | None = getattr(_local, "link", None)
    if link is not None and link.pid == os.getpid() and link.pool is client().connection_pool:
        return link, False
    _local.link = link = _Link()
    return link, True


def _drop(link: _Link) -> None:
    _local.link = None
    link.close()


def _checked(answers: Sequence[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, hiredis.ReplyError):
            raise redis.ResponseError(str(answer))
    return list(answers)
