"""How many events a second specrec takes in durably, and whether it keeps its promise while its parts are killed.

`python -m bench.intake [--seconds 20] [--seed 1] [--batch 100] [--clients 4] [--chaos] [--json FILE]`

Every event that was answered as accepted is looked for in the event table at the end: it must be there exactly once.
With SPECREC_URL (and SPECREC_KEY) somebody else's server is measured; the table is then read if DATABASE_URL is set.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.chaos import Chaos
from bench.environment import Environment, environment
from bench.sending import Promised, consent_all, send_for

SITE = "bench"
SHOPPERS = 3_000
_DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")
_GROUPS = (("table_lag_s", "table"), ("feature_lag_s", "features"))
_BIG = 1_000
_PATIENCE = 120.0
_BEHIND = """
SELECT count(*) FROM tracking_log WHERE (xid, seq) > (
    SELECT coalesce(nullif(split_part(max(position), ':', 1), ''), '0')::xid8,
           coalesce(nullif(split_part(max(position), ':', 2), ''), '0')::bigint
    FROM tracking_stream_position WHERE "group" = %s
)
"""


def main() -> int:
    """Measure, print, and write JSON where asked."""
    asked = _arguments()
    with environment(site_id=SITE) as place:
        if asked.chaos and place.stack is None:
            sys.exit("--chaos kills processes, so it runs only on a stack of its own: unset SPECREC_URL.")
        database = place.stack.parts.database_url if place.stack else os.environ.get("DATABASE_URL")
        figures = _measure(place, asked, database)
    _show(figures)
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the load")
    parser.add_argument("--seed", type=int, default=1, help="decides the events and the order of kills")
    parser.add_argument("--batch", type=int, default=100, help="events in one call")
    parser.add_argument("--clients", type=int, default=4, help="connections that send at once")
    parser.add_argument("--chaos", action="store_true", help="kill -9 every part in turn while sending")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _measure(place: Environment, asked: argparse.Namespace, database: str | None) -> dict[str, Any]:
    _say(f"{SHOPPERS:,} shoppers consent")
    before = consent_all(place.client, seed=asked.seed, shoppers=SHOPPERS)
    chaos = Chaos(place.stack, asked.seed) if asked.chaos and place.stack else None
    _say(f"sending for {asked.seconds:.0f} s from {asked.clients} clients" + (", killing in turn" if chaos else ""))
    sent, took, cpu = _send(place, asked, chaos)
    lags = _wait_until_drained(database) if database else {}
    big = None if chaos else send_for(place.client, seconds=3, size=_BIG, clients=1, seed=7, shoppers=SHOPPERS)
    if database and big:
        _wait_until_drained(database)
    promised = [one for one in (before, sent, big) if one]
    return {
        "mode": "chaos" if chaos else "rate",
        "seconds": round(took, 1),
        "seed": asked.seed,
        "batch": asked.batch,
        "clients": asked.clients,
        "events_per_s": round(len(sent.ids) / took),
        "batch_p50_ms": round(statistics.median(sent.milliseconds), 1),
        "batch_1000_p50_ms": round(statistics.median(big.milliseconds), 1) if big else None,
        "generator_cpu": round(cpu / took, 2),
        "retries": sent.retries,
        "refused": sum(one.refused for one in promised),
        "unanswered": len(sent.unanswered),
        "kills": chaos.kills if chaos else [],
        **lags,
        **(_verify(database, promised) if database else {}),
    }


def _send(place: Environment, asked: argparse.Namespace, chaos: Chaos | None) -> tuple[Promised, float, float]:
    """Send, with chaos where there is some; return what was promised, the seconds, and the generator's CPU seconds."""
    if chaos:
        chaos.start()
    cpu, started = _cpu(), time.monotonic()
    try:
        sent = send_for(
            place.client,
            seconds=asked.seconds,
            size=asked.batch,
            clients=asked.clients,
            seed=asked.seed,
            shoppers=SHOPPERS,
        )
        took, cpu = time.monotonic() - started, _cpu() - cpu
    finally:
        if chaos:
            _say("everything is started again")
            chaos.finish()
    return sent, took, cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _wait_until_drained(database: str) -> dict[str, float | None]:
    """Return how many seconds after the load each consumer had caught up, None where it did not in time."""
    started = time.monotonic()
    lags: dict[str, float | None] = {name: None for name, _ in _GROUPS}
    with psycopg.connect(database, autocommit=True) as connection:
        known = {group for (group,) in connection.execute('SELECT "group" FROM tracking_stream_position')} | {"table"}
        groups = [(name, group) for name, group in _GROUPS if group in known]
        while any(lags[name] is None for name, _ in groups) and time.monotonic() - started < _PATIENCE:
            for name, group in groups:
                row = connection.execute(_BEHIND, [group]).fetchone()
                if lags[name] is None and row is not None and row[0] == 0:
                    lags[name] = round(time.monotonic() - started, 2)
            time.sleep(0.05)
    return lags


def _verify(database: str, promised: list[Promised]) -> dict[str, Any]:
    _say("looking for every accepted id in the table")
    accepted = {one for part in promised for one in part.ids}
    with psycopg.connect(database) as connection:
        found: list[bytes] = []
        with connection.cursor().copy(
            "COPY (SELECT event_id FROM tracking_event WHERE site_id = %s) TO STDOUT (FORMAT BINARY)", [SITE]
        ) as copy:
            copy.set_types(["uuid"])
            found.extend(row[0].bytes for row in copy.rows())
        server = {name: _setting(connection, name) for name in _DURABILITY}
        dead = connection.execute("SELECT count(*) FROM tracking_dead_letter").fetchone()
    stored = set(found)
    return {
        "accepted": len(accepted),
        "missing": len(accepted - stored),
        "doubled": len(found) - len(stored),
        "stored_unpromised": len(stored - accepted),
        "dead_letters": dead[0] if dead else None,
        "server": server,
    }


def _setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else "?"


def _say(words: str) -> None:
    print(f"bench.intake: {words} …", file=sys.stderr, flush=True)


def _show(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        print(f"{name:<20} {_words(value)}")


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, list):
        return f"{len(value)}: {' '.join(value)}" if value else "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
