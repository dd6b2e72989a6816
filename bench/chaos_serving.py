"""Does recommend go on answering while its parts are away? Stops them one after another under steady load.

`python -m bench.chaos_serving [--rate 50] [--seconds 6] [--json FILE]`

A throwaway stack answers shoppers who consented, and shoppers who did not, at a steady rate. Redis is stopped and
started again, then Postgres, then both at once; then the arrays of the model are damaged and the web is started anew,
and at last they are mended. Of every phase: answers, the share of 200, times from when each was due, which fallbacks
answers named, how many were personalised though nobody could be read who consented, and the seconds until answers were
again as before. The program ends with 1 when an answer was lost, personal where it must not be, or nothing recovered.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.client import Client, Failed
from bench.environment import Environment, environment
from bench.served.site import PLACEMENT, Size, prepare, shopper_id, wait_for_model
from specrec.embedded import PartsError
from specrec.roles import Stack

SITE = "bench-chaos"
SIZE = Size(items=1_000, shoppers=200, events_each=20)
_CLIENTS = 4
_GIVE_UP = 60.0
_STRANGER = "nobody-said-yes"
_DAMAGE = b"\x00" * 64


@dataclass(slots=True)
class Phase:
    """What answers were while something was away, or came back. `strangers`: personal answers without consent."""

    name: str
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    personal: int = 0
    strangers: int = 0
    recovered_s: float | None = None

    def figures(self) -> dict[str, Any]:
        """Return the figures of the phase."""
        answers = sum(self.statuses.values())
        p50, p99 = np.percentile(self.took, (50, 99)) * 1_000 if self.took else (0.0, 0.0)
        return {
            "answers": answers,
            "ok": round(self.statuses[HTTPStatus.OK] / answers, 4) if answers else 0.0,
            "p50_ms": round(float(p50), 1),
            "p99_ms": round(float(p99), 1),
            "max_ms": round(max(self.took, default=0.0) * 1_000, 1),
            "fallbacks": dict(self.fallbacks.most_common()),
            "personal": self.personal,
            "personal_without_consent": self.strangers,
            "recovered_s": self.recovered_s,
        }


class Load:
    """Shoppers who ask at a steady rate; what comes of it is counted for the phase that is on."""

    def __init__(self, place: Environment, rate: float) -> None:
        """Begin to ask with `start`."""
        self._place, self._pause = place, _CLIENTS / rate
        self._phase = Phase("before")
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(_CLIENTS)]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """End when the answers that are under way have come."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def counting(self, name: str) -> Iterator[Phase]:
        """Count for a phase of this name within the block."""
        phase = Phase(name)
        with self._lock:
            before, self._phase = self._phase, phase
        yield phase
        with self._lock:
            self._phase = before

    def _ask(self, number: int) -> None:
        client, turn, due = self._place.client(), number, time.monotonic()
        while not self._stop.is_set():
            due = max(due + self._pause, time.monotonic() - self._pause)
            time.sleep(max(0.0, due - time.monotonic()))
            turn += _CLIENTS
            is_stranger = turn % 5 == 0
            who = f"{_STRANGER}-{turn % 50}" if is_stranger else shopper_id(turn % SIZE.shoppers)
            with self._lock:
                phase = self._phase
            status, answer = _asked(client, who)
            took = time.monotonic() - due
            with self._lock:
                _count(phase, status, answer, took, is_stranger=is_stranger)


def _asked(client: Client, who: str) -> tuple[int, dict[str, Any]]:
    """Return status and answer; 0 where nobody listens, as the web is being started anew."""
    body = msgspec.json.encode({"placement": PLACEMENT, "shopper": {"anonymous_id": who}})
    try:
        status, answer = client.request("POST", "/v1/recommendations", body)
    except (OSError, http.client.HTTPException):
        client.close()
        return 0, {}
    return status, msgspec.json.decode(answer) if status == HTTPStatus.OK else {}


def _count(phase: Phase, status: int, answer: dict[str, Any], took: float, *, is_stranger: bool) -> None:
    phase.statuses[status] += 1
    phase.took.append(took)
    if status == HTTPStatus.OK:
        phase.fallbacks[answer["fallback"] or "none"] += 1
        phase.personal += answer["personalised"]
        phase.strangers += answer["personalised"] and is_stranger


def main() -> int:
    """Run the drill, print a table, write JSON where asked."""
    asked = _arguments()
    try:
        with environment(site_id=SITE) as place:
            if place.stack is None:
                raise Failed("parts of somebody else's server are not stopped: unset SPECREC_URL")
            stamp = prepare(place.client(), SIZE)
            wait_for_model(place.client(), stamp)
            phases = _drill(place, place.stack, asked, stamp)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.chaos_serving: {error}")
    found = {phase.name: phase.figures() for phase in phases}
    for name, figures in found.items():
        print(f"{name:32} {json.dumps(figures)}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    wrong = _wrong(phases)
    for line in wrong:
        print(f"FAILED: {line}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=6.0, help="that each part is away")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _drill(place: Environment, stack: Stack, asked: argparse.Namespace, stamp: str) -> list[Phase]:
    load = Load(place, asked.rate)
    load.start()
    try:
        with load.counting("all is well") as calm:
            time.sleep(asked.seconds)
        found = [calm]
        for names in (("redis",), ("postgres",), ("redis", "postgres")):
            found += _away(place, stack, load, names, asked.seconds)
        return found + _damaged(place, stack, load, stamp, asked.seconds)
    finally:
        load.finish()


def _away(place: Environment, stack: Stack, load: Load, names: tuple[str, ...], seconds: float) -> list[Phase]:
    """Return the phases while these parts are away, and after they are back."""
    what = " and ".join(names)
    with load.counting(f"{what} away") as away:
        for name in names:
            stack.kill(name)
        time.sleep(seconds)
    with load.counting(f"{what} back") as back:
        for name in reversed(names):
            stack.start(name)
        back.recovered_s = _seconds_until(lambda: _is_personal(place.client()))
    return [away, back]


def _damaged(place: Environment, stack: Stack, load: Load, stamp: str, seconds: float) -> list[Phase]:
    """Return the phases with a damaged model: in a web that holds it, in one started anew, and once it is mended."""
    kept = {path: path.read_bytes() for path in stack.parts.folder.glob(f"blobs/models/*/{stamp}/*.npy")}
    if not kept:
        raise Failed(f"the arrays of {stamp} are not where they were looked for")
    with load.counting("model damaged, web runs on") as held:
        for path, data in kept.items():
            _replace(path, data[: len(data) // 2] + _DAMAGE + data[len(data) // 2 + len(_DAMAGE) :])
        time.sleep(seconds)
    stack.kill("web")
    stack.start("web")
    with load.counting("model damaged, web started anew") as anew:
        time.sleep(seconds)
    with load.counting("model mended") as mended:
        for path, data in kept.items():
            _replace(path, data)
        mended.recovered_s = _seconds_until(lambda: _is_personal(place.client()))
    return [held, anew, mended]


def _replace(path: Path, data: bytes) -> None:
    """Put another file in its place: who has the old one mapped keeps it."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(data)
    fresh.replace(path)


def _is_personal(client: Client) -> bool:
    answers = [_asked(client, shopper_id(number)) for number in range(10)]
    return all(status == HTTPStatus.OK and answer["personalised"] for status, answer in answers)


def _seconds_until(is_well: Callable[[], bool]) -> float | None:
    """Return the seconds until answers are as before; None when they did not become so."""
    started = time.monotonic()
    while time.monotonic() - started < _GIVE_UP:
        if is_well():
            return round(time.monotonic() - started, 2)
        time.sleep(0.1)
    return None


def _wrong(phases: list[Phase]) -> list[str]:
    """Return what went wrong, in words."""
    wrong = []
    for phase in phases:
        answers = sum(phase.statuses.values())
        if phase.statuses[HTTPStatus.OK] < answers:
            wrong.append(f"{phase.name}: {dict(phase.statuses)}")
        if not answers:
            wrong.append(f"{phase.name}: nothing was answered")
        if phase.strangers:
            wrong.append(f"{phase.name}: {phase.strangers} personal answers without consent")
        if phase.name == "redis and postgres away" and phase.personal:
            wrong.append(f"{phase.name}: {phase.personal} personal answers though consent could not be read")
        if phase.name == "redis and postgres away" and phase.fallbacks["none"]:
            wrong.append(f"{phase.name}: {phase.fallbacks['none']} answers named no fallback")
        if phase.name.endswith(("back", "mended")) and phase.recovered_s is None:
            wrong.append(f"{phase.name}: answers were not as before within {_GIVE_UP:.0f} s")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
