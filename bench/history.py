"""Which index keeps the event table fast: a btree or a BRIN on the time of receipt, beside the primary key.

`python -m bench.history [--rows 1000000] [--seed 1] [--json FILE]`

Fills a table that is partitioned and keyed as the event table, days one after the other with some late ones, once with
each kind of index, and asks what specrec asks. DATABASE_URL names the server to measure, in a schema of its own that is
gone afterwards; without it a throwaway one is started.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
from psycopg import sql
from tqdm import tqdm

from specrec.embedded import start_parts

SITES = ("uk", "de", "fr")
DAYS = 10
FIRST = date(2026, 11, 1)
CHUNK = 2_000
LATE = 0.02
RARE = 0.00001
_COLUMNS = (
    "site_id, event_id, day, type, time, received_at, shopper_id, session_id, item_id, quantity, channel, historical"
)
_TYPES = (
    *("varchar", "uuid", "date", "varchar", "timestamptz", "timestamptz"),
    *("uuid", "varchar", "varchar", "int4", "varchar", "bool"),
)
_TABLE = """
CREATE TABLE event (
    site_id varchar(64) NOT NULL, event_id uuid NOT NULL, day date NOT NULL, type varchar(20) NOT NULL,
    time timestamptz NOT NULL, received_at timestamptz NOT NULL, shopper_id uuid, session_id varchar(128),
    item_id varchar(128), quantity int NOT NULL, channel varchar(16) NOT NULL, historical bool NOT NULL
) PARTITION BY RANGE (day)
"""
_KEY = "ALTER TABLE event ADD PRIMARY KEY (site_id, day, event_id)"
INDEXES: dict[str, tuple[str, ...]] = {
    "key only": (_KEY,),
    "btree": (_KEY, "CREATE INDEX received ON event (received_at)"),
    "brin": (_KEY, "CREATE INDEX received ON event USING brin (received_at) WITH (pages_per_range = 32)"),
}
QUERIES = {
    # The admin's list.
    "newest 50": "SELECT * FROM event ORDER BY received_at DESC LIMIT 50",
    "newest 50 of a rare type": "SELECT * FROM event WHERE type = 'return' ORDER BY received_at DESC LIMIT 50",
    # load_interactions: a day of a site, for training.
    "a day of a site": (
        "SELECT count(shopper_id) FROM event WHERE site_id = 'uk' AND day BETWEEN '2026-11-04' AND '2026-11-07' "
        "AND time >= '2026-11-05' AND time < '2026-11-06' AND item_id IS NOT NULL"
    ),
    # drop_partitions: may the partition go?
    "anything recent in a month": "SELECT EXISTS (SELECT 1 FROM event_2026_11 WHERE received_at >= '2027-01-01')",
    # _delete_old: a step of retention, which goes by the key.
    "a step of retention": (
        "SELECT ctid, received_at < '2026-11-03' FROM event_2026_11 WHERE site_id = 'uk' AND day < '2026-11-03' "
        "ORDER BY day, event_id LIMIT 5000"
    ),
}


def main() -> None:
    """Measure each kind of index and print the figures beside each other."""
    asked = _arguments()
    with ExitStack() as exits:
        if "DATABASE_URL" not in os.environ:
            folder = exits.enter_context(tempfile.TemporaryDirectory(prefix="specrec-bench-"))
            os.environ |= exits.enter_context(start_parts(Path(folder))).environment()
        connection = exits.enter_context(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True))
        figures = {name: _measure(connection, statements, asked) for name, statements in INDEXES.items()}
    _print(figures)
    if asked.json:
        Path(asked.json).write_text(json.dumps({"rows": asked.rows, **figures}, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="events in the table")
    parser.add_argument("--seed", type=int, default=1, help="decides the events")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _measure(
    connection: psycopg.Connection[Any], statements: Sequence[str], asked: argparse.Namespace
) -> dict[str, Any]:
    connection.execute("DROP SCHEMA IF EXISTS bench_history CASCADE")
    connection.execute("CREATE SCHEMA bench_history")
    connection.execute("SET search_path TO bench_history")
    try:
        for statement in (_TABLE, *statements):
            connection.execute(sql.SQL(statement))
        for month in (10, 11):
            connection.execute(
                sql.SQL("CREATE TABLE {} PARTITION OF event FOR VALUES FROM ({}) TO ({})").format(
                    sql.Identifier(f"event_2026_{month}"),
                    sql.Literal(date(2026, month, 1)),
                    sql.Literal(date(2026, month + 1, 1)),
                )
            )
        server = psutil.Process(connection.info.backend_pid) if psutil.pid_exists(connection.info.backend_pid) else None
        before = _cpu(server)
        seconds = _fill(connection, asked)
        found: dict[str, Any] = {
            "inserted_per_s": round(asked.rows / seconds),
            "server_us_per_row": round((_cpu(server) - before) / asked.rows * 1e6, 2),
            "index_mb": _index_mb(connection),
        }
        connection.execute("VACUUM ANALYZE event")
        return found | {f"{name} ms": _ask(connection, query) for name, query in QUERIES.items()}
    finally:
        connection.execute("DROP SCHEMA bench_history CASCADE")


def _cpu(server: psutil.Process | None) -> float:
    """Return the seconds of processor that the server's process has taken; 0 where it runs elsewhere."""
    if server is None:
        return 0.0
    times = server.cpu_times()
    return times.user + times.system


def _fill(connection: psycopg.Connection[Any], asked: argparse.Namespace) -> float:
    """Copy the events in chunks as the table consumer does; return the seconds that the database took."""
    spent = 0.0
    statement = f"COPY event ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
    for rows in tqdm(_chunks(asked), total=asked.rows // CHUNK, unit=" chunks", file=sys.stderr):
        started = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
        spent += time.perf_counter() - started
    return spent


def _chunks(asked: argparse.Namespace) -> Iterator[list[tuple[Any, ...]]]:
    chance = random.Random(asked.seed)
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    step = timedelta(days=DAYS) / asked.rows
    for first in range(0, asked.rows, CHUNK):
        yield [_row(chance, start + step * number) for number in range(first, first + CHUNK)]


def _row(chance: random.Random, now: datetime) -> tuple[Any, ...]:
    when = now - timedelta(hours=chance.random() * 20) if chance.random() < LATE else now
    shopper = UUID(int=chance.getrandbits(20))
    kind = "return" if chance.random() < RARE else chance.choice(("view", "view", "view", "click", "impression"))
    return (
        *(chance.choice(SITES), UUID(int=chance.getrandbits(128)), when.date(), kind, when, now),
        *(shopper, f"visit-{shopper.int % 997}", f"frame-{chance.randrange(5_000):05}", 1, "web", False),
    )


def _index_mb(connection: psycopg.Connection[Any]) -> float:
    found = connection.execute(
        "SELECT sum(pg_relation_size(indexrelid)) / 1e6 FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
        "WHERE relnamespace = 'bench_history'::regnamespace AND relkind = 'r'"
    ).fetchone()
    return round(float(found[0]), 1) if found else 0.0


def _ask(connection: psycopg.Connection[Any], query: str) -> float:
    """Return the best of a few runs, in milliseconds: what else the machine does is not to be measured."""
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        connection.execute(query).fetchall()
        spent.append((time.perf_counter() - started) * 1_000)
    return round(min(spent), 2)


def _print(figures: dict[str, dict[str, Any]]) -> None:
    names = list(next(iter(figures.values())))
    print(f"{'':32}" + "".join(f"{kind:>12}" for kind in figures))
    for name in names:
        print(f"{name:32}" + "".join(f"{figures[kind][name]:>12,}" for kind in figures))


if __name__ == "__main__":
    main()
