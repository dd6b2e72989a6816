"""Whether what was accepted is in the table once and in the features once, while everything is killed in turn.

`python -m bench.chaos_stream [--twin postgres|kafka] [--seconds 60] [--seed 1] [--json FILE]`

Events of many types go through the collector, some batches twice, while `kill -9` hits the collector, the worker, two
consumers of each group, PostgreSQL, Redis and, with Kafka, the broker, in an order and with pauses that the seed
decides; the load goes on until each was killed at least once. Afterwards every accepted id must be in the event table
exactly once, and the counts that the features keep for every shopper must be those that follow from the accepted ids.
A stack of its own is started and removed.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from bench.chaos import Chaos
from bench.client import Client, Failed
from bench.environment import Environment, environment
from bench.mixture import Mixture, SteadySender, totals
from bench.sending import Sender
from specrec.embedded import PartsError
from specrec.roles import Stack

SITE = "bench-chaos"
SHOPPERS = 1_000
_CONSUMERS = ("consumer-table", "consumer-table-2", "consumer-features", "consumer-features-2")
_ROLES = ("web", "worker", *_CONSUMERS)
_TARGETS = {"postgres": (*_ROLES, "postgres", "redis"), "kafka": (*_ROLES, "postgres", "redis", "kafka")}
_PATIENCE = 240.0
_LONGEST = 3  # times the asked length, where a slow machine needs longer to kill and start everything once
_SURE = 3  # times in a row that nothing is behind
_GROUPS = ("table", "features")
_COUNT_ROWS = "COPY (SELECT event_id FROM tracking_event WHERE site_id = %s) TO STDOUT (FORMAT BINARY)"


@dataclass(slots=True)
class Sent:
    """What all clients were told."""

    accepted: set[bytes] = field(default_factory=set)
    batches: int = 0
    retries: int = 0
    repeated: int = 0
    refused: int = 0
    unanswered: int = 0


def main() -> int:
    """Measure, print, and write JSON where asked."""
    asked = _arguments()
    if os.environ.get("SPECREC_URL"):
        sys.exit("This program kills processes, so it runs only on a stack of its own: unset SPECREC_URL.")
    try:
        with environment(site_id=SITE, roles=_ROLES, twin=asked.twin) as place:
            assert place.stack is not None
            figures = _measure(place, place.stack, asked)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.chaos_stream: {error}")
    _show(figures)
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twin", choices=("postgres", "kafka"), default="postgres", help="what carries the events")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load")
    parser.add_argument("--seed", type=int, default=1, help="decides the events, the order of kills and the pauses")
    parser.add_argument("--rate", type=float, default=1_500.0, help="events a second that are tried")
    parser.add_argument("--batch", type=int, default=50, help="events in one call")
    parser.add_argument("--clients", type=int, default=2, help="connections that send at once")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _measure(place: Environment, stack: Stack, asked: argparse.Namespace) -> dict[str, Any]:
    chaos = Chaos(stack, asked.seed, targets=_TARGETS[asked.twin], on_kill=lambda name: _say(f"kill -9 {name}"))
    started = time.monotonic()
    sent = _send(place, asked, chaos)
    took = time.monotonic() - started
    _say(f"{len(sent.accepted):,} events accepted; waiting until both groups have caught up")
    caught_up = _wait_until_caught_up(place.client())
    _say("looking for every accepted id in the table, and counting what the features have")
    table = _in_table(stack.parts.database_url, sent.accepted)
    expected = totals(sent.accepted, site_id=SITE, shoppers=SHOPPERS)
    wrong = _differing(expected, _in_features(stack))
    return {
        "twin": asked.twin,
        "seconds": round(took, 1),
        "seed": asked.seed,
        "accepted": len(sent.accepted),
        **table,
        "wrong_in_features": len(wrong),
        "kills": len(chaos.kills),
        "killed": chaos.kills,
        "shoppers": len(expected),
        "caught_up_s": caught_up,
        "retries": sent.retries,
        "repeated_batches": sent.repeated,
        "refused": sent.refused,
        "unanswered": sent.unanswered,
        "wrong_examples": wrong[:5],
    }


def _send(place: Environment, asked: argparse.Namespace, chaos: Chaos) -> Sent:
    """Let everybody consent, then send while everything is killed in turn; all runs again when this returns."""
    first = _consent(place, asked.seed)
    senders = [_sender(place, asked, asked.seed + number) for number in range(asked.clients)]
    _say(f"sending {asked.rate:,.0f} events/s for {asked.seconds:.0f} s, killing in turn")
    started = time.monotonic()
    chaos.start()
    for sender in senders:
        sender.start()
    try:
        chaos.wait_until_all_killed(seconds=asked.seconds * _LONGEST)
        time.sleep(max(0.0, started + asked.seconds - time.monotonic()))
        for sender in senders:
            sender.end()
            sender.join()
    finally:
        _say("everything is started again")
        chaos.finish()
    for sender in senders:
        if sender.error is not None:
            raise Failed(f"a client broke off: {sender.error}") from sender.error
    return _together([first, *senders])


def _consent(place: Environment, seed: int) -> Sender:
    _say(f"{SHOPPERS:,} shoppers consent")
    mixture = Mixture(seed=seed, size=500, shoppers=SHOPPERS)
    sender = Sender(place.client, mixture, until=0.0)
    for made, body in mixture.consents():
        sender.send(made, body)
    return sender


def _sender(place: Environment, asked: argparse.Namespace, seed: int) -> SteadySender:
    mixture = Mixture(seed=seed, size=asked.batch, shoppers=SHOPPERS)
    until = time.monotonic() + asked.seconds * (_LONGEST + 1)
    pace = asked.rate / asked.batch / asked.clients
    return SteadySender(place.client, mixture, until, batches_per_s=pace, seed=seed)


def _together(senders: Sequence[Sender]) -> Sent:
    whole = Sent()
    for sender in senders:
        promised = sender.promised
        whole.accepted.update(promised.ids)
        whole.batches += len(promised.milliseconds)
        whole.retries += promised.retries
        whole.refused += promised.refused
        whole.unanswered += len(promised.unanswered)
        whole.repeated += sender.repeated if isinstance(sender, SteadySender) else 0
    return whole


def _wait_until_caught_up(client: Client) -> float:
    """Return after how many seconds neither group was behind; Failed where that never happens."""
    started = time.monotonic()
    seen, lag = 0, None
    while time.monotonic() - started < _PATIENCE:
        status, answer = client.request("GET", "/v1/events/status")
        lag = msgspec.json.decode(answer).get("lag", {}) if status == 200 else {"status": status}  # noqa: PLR2004 - OK
        seen = seen + 1 if all(lag.get(group) == 0 for group in _GROUPS) else 0
        if seen == _SURE:
            return round(time.monotonic() - started, 1)
        time.sleep(0.3)
    raise Failed(f"the consumers did not catch up within {_PATIENCE:.0f} s: {lag}")


def _in_table(database: str, accepted: set[bytes]) -> dict[str, Any]:
    with psycopg.connect(database) as connection:
        with connection.cursor().copy(_COUNT_ROWS, [SITE]) as copy:
            copy.set_types(["uuid"])
            found = [row[0].bytes for row in copy.rows()]
        dead = connection.execute("SELECT count(*) FROM tracking_dead_letter").fetchone()
    stored = set(found)
    return {
        "missing_in_table": len(accepted - stored),
        "doubled_in_table": len(found) - len(stored),
        "unpromised_in_table": len(stored - accepted),
        "dead_letters": dead[0] if dead else None,
    }


def _in_features(stack: Stack) -> dict[str, dict[str, int]]:
    """Return what the feature store has counted, by shopper and type of event."""
    rows = (msgspec.json.decode(line) for line in stack.manage("features", "export", SITE).splitlines() if line)
    return {row["shopper_id"]: {kind: count for kind, count in row["counts"].items() if count} for row in rows}


def _differing(expected: dict[str, dict[str, int]], found: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Return the shoppers whose counts are not what they must be, those that must not be there among them."""
    return [
        {"shopper_id": one, "expected": expected.get(one), "found": found.get(one)}
        for one in sorted(expected.keys() | found.keys())
        if expected.get(one) != found.get(one)
    ]


def _say(words: str) -> None:
    print(f"bench.chaos_stream: {words} …", file=sys.stderr, flush=True)


def _show(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        words = f"{value:,}" if isinstance(value, int) else " ".join(map(str, value)) if name == "killed" else value
        print(f"{name:<20} {words}")


if __name__ == "__main__":
    sys.exit(main())
