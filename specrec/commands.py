"""The commands of the roles: how each is started, and how it is stopped.

The image's other roles (collector, puller) are these programs with other settings.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT, SIGTERM, Signals

from specrec.settings import env

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role runs: the folder for its files and the port for its door."""

    folder: Path
    port: int
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Role:
    """How a role is started, and how it is stopped: signals in order, each with the seconds that it is given."""

    argv: Callable[[Place], list[str]]
    stop: tuple[tuple[Signals, float], ...] = ((SIGTERM, 5.0),)
    # What the kernel sends when the launcher itself was killed: a worker puts its tasks back instead of finishing them.
    at_launcher_death: Signals = SIGTERM


def _web(place: Place) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "specrec.wsgi:application", "--no-ws"),
        *("--host", HOST, "--port", str(place.port), "--http", "1", "--http1-keep-alive", "--no-access-log"),
        *("--workers", str(env.integer("SPECREC_WEB_WORKERS", 2))),
        # More threads share one interpreter lock: the default halves the throughput. Two, so that one slow request does
        # not hold up all others of its worker.
        *("--blocking-threads", str(env.integer("SPECREC_WEB_THREADS", 2))),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "3"),
    ]


def _celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "specrec.celery", *words, "--loglevel", "INFO"]


def _worker(place: Place) -> list[str]:
    concurrency = str(env.integer("SPECREC_WORKER_CONCURRENCY", 2))
    quiet = ("--without-gossip", "--without-mingle", "--concurrency", concurrency)
    beat = () if "beat" in place.roles else ("--beat", "--schedule", str(place.folder / "beat" / "schedule"))
    return _celery("worker", *quiet, *beat)


def _beat(place: Place) -> list[str]:
    return _celery("beat", "--schedule", str(place.folder / "beat" / "schedule"))


def manage(*words: str) -> list[str]:
    """Return the command line of a management command."""
    return [sys.executable, str(ROOT / "manage.py"), *words]


# A worker finishes its tasks (warm), then puts them back (cold), then is ended.
_CELERY_STOP = ((SIGTERM, 3.0), (SIGQUIT, 5.0))
ROLES: dict[str, Role] = {
    "web": Role(argv=_web, stop=((SIGTERM, 5.0),)),
    "worker": Role(argv=_worker, stop=_CELERY_STOP, at_launcher_death=SIGQUIT),
    "beat": Role(argv=_beat),
    "consumer-table": Role(argv=lambda _place: manage("drain_events")),
    "consumer-features": Role(argv=lambda _place: manage("follow_features")),
}
_NUMBER = re.compile(r"-[0-9]+$")


def role_named(name: str) -> Role:
    """Return the role of this name; a number at its end tells several of one role apart: "consumer-table-2"."""
    return ROLES[name if name in ROLES else _NUMBER.sub("", name)]
