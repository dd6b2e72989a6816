"""The generator of the intake's load: clients that post batches as fast as they are answered, in processes.

Bodies are encoded beforehand; for each call only the ids, fresh and random, and the time of the call are written into
them. So a client costs the machine little (its share of the processor is part of the figures), and none waits for
another.
"""

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import numpy as np

from bench.client import Failed
from bench.sending import Answer, Batches, now
from specrec.commands import ROOT

_GIVE_UP = 90.0
_RETRY = 0.1
_TEMPLATES = 120
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DIGITS = np.array([at for at in range(36) if at not in {8, 13, 18, 23}])  # of a UUID as text, without its dashes


class Order(msgspec.Struct, frozen=True):
    """What a client does: where it posts, what (`size` events of `shoppers`), how long, and with what pause between.

    `is_intake`: the answers are those of `/v1/events`, and what they promise is kept; else any 200 will do.
    """

    url: str
    headers: dict[str, str]
    is_intake: bool
    seconds: float
    size: int
    shoppers: int
    seed: int
    pause: float = 0.0


class Told(msgspec.Struct):
    """How a client's calls ended; `ended` by the clock that all processes share."""

    milliseconds: list[float]
    retries: int
    refused: int
    unanswered: int
    ended: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Posted:
    """What all clients together were told. `cpu` is the share of one core that they used."""

    ids: bytes  # 16 for each accepted event
    milliseconds: list[float]
    retries: int
    refused: int
    unanswered: int
    seconds: float
    cpu: float

    @property
    def calls_per_s(self) -> float:
        """Calls answered in a second."""
        return len(self.milliseconds) / self.seconds

    @property
    def events_per_s(self) -> float:
        """Events accepted in a second."""
        return len(self.ids) / 16 / self.seconds


def post(order: Order, *, clients: int) -> Posted:
    """Let so many clients follow the order, each with a seed of its own; raises Failed if one breaks off."""
    with tempfile.TemporaryDirectory(prefix="specrec-posting-") as folder:
        orders = [msgspec.structs.replace(order, seed=order.seed + number) for number in range(clients)]
        processes = [_start(one, Path(folder) / str(number)) for number, one in enumerate(orders)]
        try:
            return _run(processes, Path(folder))
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _start(order: Order, ids: Path) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-c", "from bench import posting; posting.follow()", str(ids)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT)
    _tell(process, msgspec.json.encode(order))  # not as an argument, which anybody could read: it holds a key
    return process


def _tell(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def _run(processes: "Sequence[subprocess.Popen[bytes]]", folder: Path) -> Posted:
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready, or has ended
    started = time.monotonic()
    for process in processes:
        _tell(process, b"go")
    outputs = [process.communicate() for process in processes]
    broken = [errors for process, (_, errors) in zip(processes, outputs, strict=True) if process.returncode]
    if broken:
        raise Failed(f"{len(broken)} of {len(processes)} clients broke off: {broken[0][-2_000:].decode()}")
    told = [msgspec.json.decode(output, type=Told) for output, _ in outputs]
    seconds = max(one.ended for one in told) - started
    return Posted(
        ids=b"".join((folder / str(number)).read_bytes() for number in range(len(processes))),
        milliseconds=[each for one in told for each in one.milliseconds],
        retries=sum(one.retries for one in told),
        refused=sum(one.refused for one in told),
        unanswered=sum(one.unanswered for one in told),
        seconds=seconds,
        cpu=sum(one.cpu for one in told) / seconds,
    )


def follow() -> None:
    """Be a client: read the order, follow it once told to go, and print what came of it."""
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    with Path(sys.argv[1]).open("wb") as kept:
        client = _Client(order)
        print("ready", flush=True)
        sys.stdin.readline()
        cpu, until = time.process_time(), time.monotonic() + order.seconds
        while time.monotonic() < until:
            client.post(kept.write, until)
            time.sleep(order.pause)
    told = client.told
    told.ended, told.cpu = time.monotonic(), time.process_time() - cpu
    sys.stdout.buffer.write(msgspec.json.encode(told))


class _Template:
    """A whole request, and where in it the digits of ids stand, and the times."""

    def __init__(self, order: Order, batches: Batches) -> None:
        ids, body = batches.make()
        parts = urlsplit(order.url)
        headers = {"Host": parts.netloc, **order.headers, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {parts.path} HTTP/1.1\r\n{lines}\r\n".encode()
        self._request = np.frombuffer(bytearray(head + body), dtype=np.uint8)
        self._digits = _places(head + body, b'{"id":"', len(ids)) + _DIGITS
        self._times = _places(head + body, b'"time":"', len(ids)) + np.arange(len(now()))

    def fill(self, raw: bytes) -> bytes:
        """Return the request with these ids, 16 bytes each, of events of this moment."""
        numbers = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 16)
        digits = np.empty((len(numbers), 32), dtype=np.uint8)
        digits[:, 0::2], digits[:, 1::2] = _HEX[numbers >> 4], _HEX[numbers & 15]
        self._request[self._digits] = digits
        self._request[self._times] = np.frombuffer(now().encode(), dtype=np.uint8)
        return self._request.tobytes()


def _places(text: bytes, before: bytes, count: int) -> np.ndarray:
    """Return where these many values stand, each after such words; int64 [count, 1]."""
    start, starts = 0, []
    for _ in range(count):
        start = text.index(before, start) + len(before)
        starts.append(start)
    return np.array(starts)[:, None]


class _Client:
    """One connection that posts a batch again, with the same ids, until it is answered."""

    def __init__(self, order: Order) -> None:
        self._order = order
        batches = Batches(seed=order.seed, size=order.size, shoppers=order.shoppers)
        self._templates = [_Template(order, batches) for _ in range(_TEMPLATES)]
        self._random = np.random.default_rng()  # never the same ids again
        self._connection: socket.socket | None = None
        self._full = b'{"accepted":%d,"duplicate":0,"dropped":0,' % order.size
        self.told = Told([], 0, 0, 0, 0.0, 0.0)

    def post(self, keep: Callable[[bytes], object], until: float) -> None:
        """Post one batch and keep the ids that were accepted."""
        raw = self._random.bytes(self._order.size * 16)
        request = self._templates[len(self.told.milliseconds) % _TEMPLATES].fill(raw)
        while time.monotonic() < until + _GIVE_UP:
            started = time.perf_counter()
            answer = self._try(request)
            if answer is not None:
                self.told.milliseconds.append((time.perf_counter() - started) * 1_000)
                if self._order.is_intake:
                    keep(self._accepted(raw, answer))
                return
            self.told.retries += 1
            time.sleep(_RETRY)
        self.told.unanswered += self._order.size

    def _try(self, request: bytes) -> bytes | None:
        try:
            if self._connection is None:
                self._connection = _connect(self._order.url)
            self._connection.sendall(request)
            status, answer = _read(self._connection)
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None
        if status == (HTTPStatus.ACCEPTED if self._order.is_intake else HTTPStatus.OK):
            return answer
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise Failed(f"the server answered {status}: {answer[:300]!r}")
        return None

    def _accepted(self, raw: bytes, answer: bytes) -> bytes:
        if answer.startswith(self._full):
            return raw
        results = msgspec.json.decode(answer, type=Answer).results
        taken = [one.status == "accepted" for one in results]
        self.told.refused += taken.count(False)
        return b"".join(raw[at * 16 : at * 16 + 16] for at, is_taken in enumerate(taken) if is_taken)


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _read(connection: socket.socket) -> tuple[int, bytes]:
    data = b""
    while (cut := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    head = data[:cut].lower()
    if b"transfer-encoding: chunked" in head:  # the empty view's, which has no middleware that counts
        while not data.endswith(_LAST_CHUNK):
            data += _more(connection)
        return int(head.split(b" ", 2)[1]), data[cut + 4 :]
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(data) < cut + 4 + length:
        data += _more(connection)
    return int(head.split(b" ", 2)[1]), data[cut + 4 :]


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError
    return data
