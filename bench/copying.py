"""What PostgreSQL takes at best: raw COPY of events into a table that is partitioned and indexed alike."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

ROWS = 1_000  # a transaction
_COPY = sql.Identifier("bench_copy_of_events")
_OPTIONS = sql.SQL("(FORMAT BINARY)")
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_PARTITIONS = """
SELECT pg_get_expr(relpartbound, oid) FROM pg_class
WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'tracking_event'::regclass) ORDER BY relname
"""
_KEY = "SELECT pg_get_partkeydef('tracking_event'::regclass)"
_Connection = psycopg.Connection[Any]


def copy_rate(database: str, *, site_id: str, rows: int) -> tuple[float, int]:
    """Return rows a second, and how many were copied: up to so many of the site's, the newest of the table.

    One connection, a transaction for each 1,000 rows, encoded beforehand; the table is empty before and gone after.
    """
    with psycopg.connect(database, autocommit=True) as connection, _table(connection):
        blocks = list(_blocks(_fetch(connection, site_id, rows)))
        put = sql.SQL("COPY {} FROM STDIN {}").format(_COPY, _OPTIONS)
        started = time.monotonic()
        for block, _ in blocks:
            with connection.transaction(), connection.cursor().copy(put) as copy:
                copy.write(block)
        took = time.monotonic() - started
    count = sum(size for _, size in blocks)
    return count / took, count


@contextmanager
def _table(connection: _Connection) -> Iterator[None]:
    """Make the table with the very partitions and indexes of the original."""
    drop = sql.SQL("DROP TABLE IF EXISTS {}").format(_COPY)
    connection.execute(drop)
    key = sql.SQL(_one(connection, _KEY))  # what PostgreSQL itself wrote
    like = sql.SQL("CREATE TABLE {} (LIKE tracking_event INCLUDING ALL) PARTITION BY {}")
    connection.execute(like.format(_COPY, key))
    for number, (bound,) in enumerate(connection.execute(_PARTITIONS).fetchall()):
        name = sql.Identifier(f"bench_copy_of_events_{number}")
        connection.execute(sql.SQL("CREATE TABLE {} PARTITION OF {} {}").format(name, _COPY, sql.SQL(bound)))
    try:
        yield
    finally:
        connection.execute(drop)


def _fetch(connection: _Connection, site_id: str, rows: int) -> list[bytes]:
    """Return rows as PostgreSQL packs them for COPY."""
    query = "SELECT * FROM tracking_event WHERE site_id = {} ORDER BY received_at DESC LIMIT {}"
    wanted = sql.SQL(query).format(sql.Literal(site_id), sql.Literal(rows))
    with connection.cursor().copy(sql.SQL("COPY ({}) TO STDOUT {}").format(wanted, _OPTIONS)) as copy:
        found = [bytes(row) for row in copy]
    found[0] = found[0].removeprefix(_HEADER)
    return [row for row in found if row not in {b"", _END}]


def _blocks(rows: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    for start in range(0, len(rows), ROWS):
        block = rows[start : start + ROWS]
        yield _HEADER + b"".join(block) + _END, len(block)


def _one(connection: _Connection, query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""
