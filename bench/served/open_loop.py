"""Requests at times of their own, whether or not those before are answered, as shoppers send them.

Who waits for an answer before asking again asks less while the server is slow, and so never sees how slow it was. Here
the times are drawn beforehand (Poisson: independent shoppers), and each answer's time counts from the moment when its
request was due, not from when it could be sent.
"""

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import numpy as np
import psutil

from bench.load import Target, encode_requests

CONNECTIONS = 64
_GIVE_UP = 10.0
_LEAD = 0.2


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """What came of it. Times count from when requests were due; `late_p99_ms`: how late the generator itself was.

    errors: answers of 400 and above, broken connections and what never came; machine_cpu: the busy part of all cores;
    stolen: the part of all cores that the machine gave to others
    """

    rate: float
    seconds: float
    asked: int
    answered_per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    errors: int
    connections: int
    late_p99_ms: float
    generator_cpu: float
    machine_cpu: float
    stolen: float


def run(target: Target, *, rate: float, seconds: float, seed: int = 1) -> OpenLoop:
    """Ask at this rate for so long; the generator runs in this process, which must have nothing else to do."""
    count = round(rate * seconds)
    due = np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate, count))
    flight = _Flight(target, due)
    before, cpu, started = psutil.cpu_times(), time.process_time(), time.monotonic()
    gc.collect()
    gc.disable()
    try:
        flight.go()
    finally:
        gc.enable()
        flight.close()
    took, cpu, after = time.monotonic() - started, time.process_time() - cpu, psutil.cpu_times()
    all_cores = took * (psutil.cpu_count() or 1)
    idle = after.idle - before.idle + after.iowait - before.iowait
    p50, p90, p99, most = np.percentile(flight.took, (50, 90, 99, 100)) * 1_000
    return OpenLoop(
        rate=rate,
        seconds=round(took - _LEAD, 1),
        asked=count,
        answered_per_s=round((count - flight.errors) / (took - _LEAD), 1),
        p50_ms=round(float(p50), 2),
        p90_ms=round(float(p90), 2),
        p99_ms=round(float(p99), 2),
        max_ms=round(float(most), 2),
        errors=flight.errors,
        connections=CONNECTIONS,
        late_p99_ms=round(float(np.percentile(flight.late, 99)) * 1_000, 2),
        generator_cpu=round(cpu / took, 2),
        machine_cpu=round(1.0 - idle / all_cores, 2),
        stolen=round((after.steal - before.steal) / all_cores, 3),
    )


class _Flight:
    """All requests of one run on their way, over a few connections that are kept."""

    def __init__(self, target: Target, due: np.ndarray) -> None:
        parts = urlsplit(target.url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._requests: Sequence[bytes] = encode_requests(target)
        self._due = due
        self._idle = deque(self._connect() for _ in range(CONNECTIONS))
        self._flying: dict[socket.socket, int] = {}
        self._read: dict[socket.socket, bytes] = {}
        self.took = np.full(len(due), _GIVE_UP)
        self.late = np.zeros(len(due))
        self.errors = 0

    def go(self) -> None:
        """Send every request when it is due, or as soon after as a connection is free; return when all are answered."""
        self._due = self._due + time.perf_counter() + _LEAD
        total, turn = len(self._due), 0
        last = float(self._due[-1]) + _GIVE_UP
        while (turn < total or self._flying) and time.perf_counter() < last:
            turn = self._send_due(turn)
            wait = float(self._due[turn]) - time.perf_counter() if turn < total and self._idle else 0.05
            for connection in select.select(self._flying, (), (), max(0.0, wait))[0]:
                self._receive(connection)
        self.errors += len(self._flying) + total - turn

    def close(self) -> None:
        """Close every connection."""
        for connection in (*self._idle, *self._flying):
            connection.close()

    def _send_due(self, turn: int) -> int:
        while turn < len(self._due) and self._idle and (now := time.perf_counter()) >= self._due[turn]:
            connection = self._idle.popleft()
            self.late[turn] = now - self._due[turn]
            connection.sendall(self._requests[turn % len(self._requests)])
            self._flying[connection] = turn
            turn += 1
        return turn

    def _receive(self, connection: socket.socket) -> None:
        data = connection.recv(65_536)
        whole = self._read.pop(connection, b"") + data
        if not data:
            self.errors += 1
            del self._flying[connection]
            connection.close()
            self._idle.append(self._connect())
        elif (status := _status_of(whole)) is None:
            self._read[connection] = whole
        else:
            turn = self._flying.pop(connection)
            self.took[turn] = time.perf_counter() - self._due[turn]
            self.errors += status >= HTTPStatus.BAD_REQUEST
            self._idle.append(connection)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=_GIVE_UP)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _status_of(data: bytes) -> int | None:
    """Return the status of a whole answer, None while some of it is missing."""
    cut = data.find(b"\r\n\r\n")
    if cut < 0:
        return None
    start = data.find(b"content-length:", 0, cut)
    length = int(data[start + 15 : data.index(b"\r\n", start)])
    return int(data[9:12]) if len(data) >= cut + 4 + length else None
