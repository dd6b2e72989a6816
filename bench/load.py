"""Requests as fast as they are answered: `wrk` where there is one, else a client in Python, whose own cost is printed.

Bodies are encoded beforehand and sent in turn, each connection from another start, so that many shoppers ask.
"""

import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

HOW_TO_GET_WRK = "wrk is not on PATH (Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk)"
_SCRIPT = """
local bodies = {}
for line in io.lines(BODIES) do bodies[#bodies + 1] = line end
local turn = 0
request = function()
  if #bodies == 0 then return wrk.format(METHOD, nil, HEADERS) end
  turn = turn % #bodies + 1
  return wrk.format(METHOD, nil, HEADERS, bodies[turn])
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nJSON{"requests":%d,"us":%d,"p50":%f,"p90":%f,"p99":%f,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked: one address, its headers, and bodies in turn (none: GET)."""

    url: str
    headers: dict[str, str]
    bodies: Sequence[bytes] = ()

    @property
    def method(self) -> str:
        """POST where there are bodies."""
        return "POST" if self.bodies else "GET"


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it. `generator_cpu` is the share of one core that the load generator itself used."""

    rps: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    errors: int
    generator_cpu: float


def generator() -> str:
    """Return what makes the load here: "wrk" or "python"."""
    return "wrk" if shutil.which("wrk") else "python"


def measure(target: Target, *, concurrency: int, seconds: float) -> Measured:
    """Ask with so many connections for so long; errors are answers of 400 and above, and broken connections."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="specrec-load-") as folder:
        run = _run_wrk if generator() == "wrk" else _run_python
        found = run(target, concurrency, seconds, Path(folder))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (time.monotonic() - started)
    return Measured(
        rps=round(found["requests"] / (found["us"] / 1e6), 1),
        p50_ms=round(found["p50"] / 1_000, 3),
        p90_ms=round(found["p90"] / 1_000, 3),
        p99_ms=round(found["p99"] / 1_000, 3),
        errors=int(found["errors"]),
        generator_cpu=round(cpu, 2),
    )


def _run_wrk(target: Target, concurrency: int, seconds: float, folder: Path) -> dict[str, float]:
    (folder / "bodies").write_bytes(b"".join(body + b"\n" for body in target.bodies))
    headers = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in target.headers.items())
    settings = f'BODIES = "{folder}/bodies"\nMETHOD = "{target.method}"\nHEADERS = {{{headers}}}\n'
    script = folder / "ask.lua"
    script.write_text(settings + _SCRIPT, encoding="utf-8")
    words = [
        "wrk",
        "-t1",
        f"-c{concurrency}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "10s",
        "-s",
        str(script),
        target.url,
    ]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(output.rpartition("JSON")[2]))


def _run_python(target: Target, concurrency: int, seconds: float, folder: Path) -> dict[str, float]:
    order = {**asdict(target), "bodies": [body.decode() for body in target.bodies]}
    (folder / "target").write_text(json.dumps(order), encoding="utf-8")
    program = "from bench import load; load.ask_as_told()"  # in a process of its own, so that its cost is seen
    words = [sys.executable, "-c", program, str(folder / "target"), str(concurrency), str(seconds)]
    return dict(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


def encode_requests(target: Target) -> list[bytes]:
    """Return the whole requests, one for each body; a GET where there are none."""
    parts = urlsplit(target.url)
    head = f"{target.method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in target.headers.items())
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in target.bodies or [b""]]


def _ask_until(end: float, address: tuple[str, int], requests: list[bytes], turn: int, times: list[float]) -> int:
    """Ask over one connection until `end`; append seconds to `times` and return the number of errors."""
    errors = 0
    with socket.create_connection(address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (started := time.perf_counter()) < end:
            connection.sendall(requests[turn % len(requests)])
            turn += 1
            errors += _status(connection) >= HTTPStatus.BAD_REQUEST
            times.append(time.perf_counter() - started)
    return errors


def _status(connection: socket.socket) -> int:
    data = b""
    while (cut := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    head = data[:cut].lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    missing = length - (len(data) - cut - 4)
    while missing > 0:
        missing -= len(_more(connection))
    return int(head.split(b" ", 2)[1])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        message = "the server closed the connection"
        raise ConnectionError(message)
    return data


def ask_as_told() -> None:
    """Ask as the arguments of the process say, and print what came of it as JSON."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    target = Target(order["url"], order["headers"], [body.encode() for body in order["bodies"]])
    parts = urlsplit(target.url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    requests = encode_requests(target)
    times: list[float] = []
    errors: list[int] = []
    end = time.perf_counter() + float(sys.argv[3])

    def ask(turn: int) -> None:
        errors.append(_ask_until(end, address, requests, turn, times))

    threads = [threading.Thread(target=ask, args=(number * 7,)) for number in range(int(sys.argv[2]))]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    spread = {f"p{share}": times[int(len(times) * share / 100)] * 1e6 for share in (50, 90, 99)}
    print(
        json.dumps(
            {"requests": len(times), "us": (time.perf_counter() - started) * 1e6, "errors": sum(errors)} | spread
        )
    )
