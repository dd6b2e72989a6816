"""How many events a second specrec takes in durably, beside what the machine gives at best.

`python -m bench.intake [--twin both|postgres|kafka] [--seconds 60] [--batch 100] [--clients 4] [--json FILE]`

For each twin of the stream, with all consumers running: the same clients send to the collector and, before and after
that, to an empty Django view on the same server; rows of the load are copied with raw COPY, before and after, into a
table that is partitioned and indexed like the event table. Afterwards every event that was answered as accepted must be
in the event table exactly once. With SPECREC_URL (and SPECREC_KEY) somebody else's server is measured, whatever carries
its events, without the empty view; its table is looked into, and copied, where DATABASE_URL is set.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from bench.client import Client, Failed
from bench.copying import copy_rate
from bench.environment import Environment, environment
from bench.posting import Order, Posted, post
from bench.sending import Promised, consent_all
from specrec import testbed
from specrec.embedded import PartsError
from specrec.roles import Twin

SITE = "bench"
SHOPPERS = 3_000
WARM_UP = 3.0
BIG, BIG_CALLS, BIG_PAUSE = 1_000, 30, 0.25
COPIED = 200_000
_DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")
_GROUPS = {"table": "table_lag_s", "features": "feature_lag_s"}
_PATIENCE = 180.0
_OK = 200
_IDS = "COPY (SELECT event_id FROM tracking_event WHERE site_id = %s) TO STDOUT (FORMAT BINARY)"


@dataclass(slots=True)
class Baselines:
    """What the machine gives at best: each measured before and after the load."""

    copy: list[tuple[float, int]] = field(default_factory=list)
    empty: list[Posted] = field(default_factory=list)

    def rows_per_s(self) -> float | None:
        """Rows a second by raw COPY: all rows by all the time."""
        if not self.copy:
            return None
        return sum(rows for _, rows in self.copy) / sum(rows / rate for rate, rows in self.copy)

    def events_per_s(self, size: int) -> float | None:
        """Events a second that the empty view receives: all of them by all the time."""
        if not self.empty:
            return None
        return size * sum(len(one.milliseconds) for one in self.empty) / sum(one.seconds for one in self.empty)


def main() -> int:
    """Measure, print, and write JSON where asked."""
    asked = _arguments()
    found: dict[str, dict[str, Any]] = {}
    try:
        for twin in _twins(asked.twin):
            _say(f"{twin}: starting")
            variables = {"DJANGO_SETTINGS_MODULE": "bench.empty.settings", "SPECREC_LOG_LEVEL": "WARNING"}
            with environment(site_id=SITE, twin=twin, variables=variables) as place:
                found[twin] = _measure(place, asked)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.intake: {error}")
    _show(found)
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twin", choices=("both", "postgres", "kafka"), default="both", help="what carries the events")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load")
    parser.add_argument("--seed", type=int, default=1, help="decides the events")
    parser.add_argument("--batch", type=int, default=100, help="events in one call")
    parser.add_argument("--clients", type=int, default=4, help="connections that send at once")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _twins(asked: str) -> list[Twin]:
    if os.environ.get("SPECREC_URL"):
        _say("SPECREC_URL is measured, with whatever carries its events")
        return ["postgres"]
    if asked == "both" and testbed.find() is None:
        _say("Kafka is left out: there is no test bed (make testbed-fetch)")
        return ["postgres"]
    return ["kafka"] if asked == "kafka" else ["postgres"] if asked == "postgres" else ["postgres", "kafka"]


def _measure(place: Environment, asked: argparse.Namespace) -> dict[str, Any]:
    database = place.stack.parts.database_url if place.stack else os.environ.get("DATABASE_URL")
    _say(f"{SHOPPERS:,} shoppers consent")
    consented = consent_all(place.client, seed=asked.seed, shoppers=SHOPPERS)
    warm = post(_order(place, asked, seconds=WARM_UP), clients=asked.clients)
    _wait_until_caught_up(place.client())
    baselines = Baselines()
    _measure_baselines(baselines, place, asked, database)
    _say(f"sending for {asked.seconds:.0f} s from {asked.clients} clients")
    load = post(_order(place, asked, seconds=asked.seconds), clients=asked.clients)
    lags = _wait_until_caught_up(place.client())
    _say(f"{BIG_CALLS} calls of {BIG:,} events, one after the other")
    big = post(_big_order(place, asked), clients=1)
    _wait_until_caught_up(place.client())
    _measure_baselines(baselines, place, asked, database)
    return {
        **_rates(load, baselines, asked.batch),
        "batch_1000_p50_ms": round(statistics.median(big.milliseconds), 1),
        "batch_1000_p90_ms": round(_percentile(big.milliseconds, 0.90), 1),
        **(_verify(database, consented, [warm, load, big]) if database else {}),
        **lags,
        "seconds": round(load.seconds, 1),
        "batch": asked.batch,
        "clients": asked.clients,
        "generator_cpu": round(load.cpu, 3),
        "retries": load.retries,
        "refused": consented.refused + sum(one.refused for one in (warm, load, big)),
        "unanswered": sum(one.unanswered for one in (warm, load, big)),
    }


def _order(place: Environment, asked: argparse.Namespace, *, seconds: float) -> Order:
    headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
    return Order(
        url=f"{place.url}/v1/events",
        headers=headers,
        is_intake=True,
        seconds=seconds,
        size=asked.batch,
        shoppers=SHOPPERS,
        seed=asked.seed,
    )


def _big_order(place: Environment, asked: argparse.Namespace) -> Order:
    """One call at a time, with time between them for the consumers: what a call takes, not how many there may be."""
    order = _order(place, asked, seconds=BIG_CALLS * BIG_PAUSE)
    return msgspec.structs.replace(order, size=BIG, pause=BIG_PAUSE)


def _measure_baselines(
    baselines: Baselines, place: Environment, asked: argparse.Namespace, database: str | None
) -> None:
    """Measure them while nothing else is asked of the machine; the consumers run, with nothing to do."""
    seconds = max(2.0, min(8.0, asked.seconds / 8))
    if place.stack:
        _say("an empty view receives the same bodies")
        order = _order(place, asked, seconds=seconds)
        empty = msgspec.structs.replace(order, url=f"{place.url}/bench/empty", is_intake=False)
        baselines.empty.append(post(empty, clients=asked.clients))
    if database:
        _say("raw COPY of the same rows")
        baselines.copy.append(copy_rate(database, site_id=SITE, rows=COPIED))


def _rates(load: Posted, baselines: Baselines, size: int) -> dict[str, Any]:
    copied, received = baselines.rows_per_s(), baselines.events_per_s(size)
    return {
        "events_per_s": round(load.events_per_s),
        "ratio_to_copy": None if copied is None else round(load.events_per_s / copied, 3),
        "ratio_to_empty_view": None if received is None else round(load.events_per_s / received, 3),
        "copy_rows_per_s": [round(rate) for rate, _ in baselines.copy],
        "empty_view_events_per_s": [round(one.calls_per_s * size) for one in baselines.empty],
        "empty_view_generator_cpu": [round(one.cpu, 3) for one in baselines.empty],
        "batch_p50_ms": round(statistics.median(load.milliseconds), 1),
        "batch_p99_ms": round(_percentile(load.milliseconds, 0.99), 1),
    }


def _wait_until_caught_up(client: Client) -> dict[str, float | None]:
    """Return how many seconds from now each consumer had caught up, None where it did not in time."""
    started = time.monotonic()
    found: dict[str, float | None] = dict.fromkeys(_GROUPS.values())
    while None in found.values() and time.monotonic() - started < _PATIENCE:
        status, answer = client.request("GET", "/v1/events/status")
        took = round(time.monotonic() - started, 2)
        lag = msgspec.json.decode(answer)["lag"] if status == _OK else {}
        for group, name in _GROUPS.items():
            found[name] = took if found[name] is None and lag.get(group) == 0 else found[name]
        time.sleep(0.1)
    return found


def _verify(database: str, consented: Promised, posted: Sequence[Posted]) -> dict[str, Any]:
    """Look for every accepted id in the table, and for any that is there twice."""
    _say("looking for every accepted id in the table")
    accepted = set(consented.ids)
    for one in posted:
        accepted.update(one.ids[at : at + 16] for at in range(0, len(one.ids), 16))
    with psycopg.connect(database) as connection:
        with connection.cursor().copy(_IDS, [SITE]) as copy:
            copy.set_types(["uuid"])
            found = [row[0].bytes for row in copy.rows()]
        server = {name: _ask(connection, "SELECT current_setting(%s)", name) for name in _DURABILITY}
        dead = int(_ask(connection, "SELECT count(*) FROM tracking_dead_letter WHERE %s", value=True))
    stored = set(found)
    return {
        "lost": len(accepted - stored),
        "doubled": len(found) - len(stored),
        "accepted": len(accepted),
        "stored_unpromised": len(stored - accepted),
        "dead_letters": dead,
        **server,
    }


def _ask(connection: psycopg.Connection[Any], query: str, value: object) -> str:
    row = connection.execute(query.encode(), [value]).fetchone()
    return str(row[0]) if row else "?"


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _say(words: str) -> None:
    print(f"bench.intake: {words} …", file=sys.stderr, flush=True)


def _show(found: dict[str, dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    print(f"\n{'':26}" + "".join(f"{twin:>22}" for twin in found))
    for name in names:
        print(f"{name:26}" + "".join(f"{_words(figures.get(name)):>22}" for figures in found.values()))
    print("\nthe generator's share is of one core; baselines before and after the load, ratios to all of each together")
    print("aims: 8,000 events/s, 0.10 of COPY, 1,000 events under 45 ms, table within 10 s, features within 30 s")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_words(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
