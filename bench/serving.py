"""What an answer costs: an empty Django view, REST and GraphQL on one server, and their ratios.

REST and GraphQL give the same twelve items with the same fields (the answers are compared first), with everything on:
key, rate limit, consent, the shopper's history in Redis, a trained model, stock and price, exposures to the stream.
Workers and consumers are stopped while it is measured: they are other machines' work.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from tqdm import tqdm

from bench.client import Client, Failed
from bench.environment import ROLES, THROWAWAY
from bench.load import HOW_TO_GET_WRK, Measured, Target, generator, measure
from bench.trained import refuse_changed, refuse_trained, train
from specrec.roles import Stack, run_stack

SITE = "bench-serving"
ITEMS = 2_400
SHOPPERS = 400
EVENTS_EACH = 30
SLATE = 12
SURE = 20  # answers in a row
CONCURRENCIES = (1, 8)
ROUNDS = 3
Round = dict[tuple[str, int], Measured]
STOPPED = ("worker", "consumer-table", "consumer-features")
ITEM_FIELDS = "itemId sku position score name brand itemType price currency imageUrl url reasons { code text itemId }"
QUERY = (
    "query Slate($input: RecommendationsInput!) { recommendations(input: $input) { recommendationId placement strategy "
    f"personalised fallback model items {{ {ITEM_FIELDS} }} }} }}"
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is measured; `stack` is None when it is somebody else's."""

    url: str
    key: str
    stack: Stack | None


def main() -> None:
    """Measure, print a table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write one JSON object here")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of three measurements")
    options = parser.parse_args()
    # Threads of one worker share one interpreter lock: a second one halves what the worker answers. Say otherwise here:
    os.environ.setdefault("SPECREC_WEB_THREADS", "1")
    if generator() != "wrk":
        print(f"{HOW_TO_GET_WRK}: measuring with the client in Python, which costs more itself", file=sys.stderr)
    with _server() as server:
        stamp = _prepare(server)
        _compare(server)
        figures = _measure(server, options.seconds)
        refuse_changed(Client(server.url, server.key), stamp=stamp)
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _server() -> Iterator[Server]:
    if url := os.environ.get("SPECREC_URL"):
        yield Server(url=url, key=os.environ["SPECREC_KEY"], stack=None)
        return
    variables = THROWAWAY | {"SPECREC_LOG_LEVEL": "WARNING"}
    with (
        tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder,
        run_stack(Path(folder), roles=ROLES, settings="bench.empty.settings", environment=variables) as stack,
    ):
        stack.manage(
            "create_site", SITE, "--name", SITE, "--locale", "en-GB", "--currency", "GBP", "--time-zone", "UTC"
        )
        key = stack.manage("create_key", SITE, "--kind", "secret", "--name", "bench").split()[-1]
        yield Server(url=stack.url, key=key, stack=stack)


def _prepare(server: Server) -> str:
    """Fill the site through its own doors, train, stop what would only share the cores; return the model's stamp."""
    client = Client(server.url, server.key)
    refuse_trained(client)
    body = {"placement": "bench", "title": "For you", "strategy": "for_you", "size": SLATE}
    client.call("PUT", "/v1/placements", body)
    job = client.call(
        "POST", "/v1/items/bulk", b"\n".join(msgspec.json.encode(_item(number)) for number in range(ITEMS))
    )
    events = list(_events())
    for start in tqdm(range(0, len(events), 1_000), desc="events", unit=" thousand", file=sys.stderr):
        client.call("POST", "/v1/events", {"events": events[start : start + 1_000]})
    done = client.wait_for(f"/v1/imports/{job['import_id']}", lambda answer: answer["finished_at"], seconds=120)
    if done["lines_failed"]:
        raise SystemExit(f"the import refused {done['lines_failed']} lines: {done}")
    client.wait_for("/v1/events/status", lambda answer: not any(answer["lag"].values()), seconds=120)
    print("training", file=sys.stderr)
    stamp = train(client, seconds=300)
    _wait_for_model(client, stamp)
    if server.stack is not None:
        for role in STOPPED:
            server.stack.stop(role)
    return stamp


def _wait_for_model(client: Client, stamp: str) -> None:
    """Wait until twenty answers in a row come from this model: every web process has loaded it then."""
    deadline = time.monotonic() + 60
    seen = 0
    while seen < SURE:
        answer = client.call("POST", "/v1/recommendations", _asked(0))
        seen = seen + 1 if answer["model"] == stamp and answer["personalised"] else 0
        if time.monotonic() > deadline:
            raise SystemExit(f"the server does not answer personally from model {stamp}: {answer}")
        time.sleep(0.02)


def _item(number: int) -> dict[str, Any]:
    shape = ("round", "square", "aviator", "cat-eye", "panto", "oval")[number % 6]
    return {
        "item_id": f"frame-{number:05}",
        "item_type": "frame",
        "name": {"en-GB": f"Frame {number} {shape}", "de-DE": f"Brille {number} {shape}"},
        "brand": f"Brand {number % 40}",
        "attributes": {"shape": shape},
        "image_urls": [f"/images/{number}.svg"],
        "url": f"/frames/{number}",
        "variants": [
            {
                "sku": f"sku-{number:05}",
                "prices": [{"amount": str(60 + number % 200), "currency": "GBP"}],
                "stock": [{"on_hand": 5}],
            }
        ],
    }


def _events() -> Iterator[dict[str, Any]]:
    """Views of shoppers who each keep to one part of the catalogue, so that there is something to learn."""
    rng = random.Random(3)
    start = datetime.now(UTC) - timedelta(hours=20)
    for shopper in range(SHOPPERS):
        home = rng.randrange(ITEMS)
        for step in range(EVENTS_EACH):
            yield {
                "id": str(UUID(int=rng.getrandbits(128), version=4)),
                "type": "view",
                "time": (start + timedelta(seconds=shopper * 60 + step * 40)).isoformat(),
                "anonymous_id": _shopper(shopper),
                "session_id": f"session-{shopper}-{step // 10}",
                "item_id": f"frame-{(home + int(rng.expovariate(0.05))) % ITEMS:05}",
                "consent": ["history_personalisation"],
            }


def _shopper(number: int) -> str:
    return f"visitor-{number}"


def _asked(shopper: int) -> dict[str, Any]:
    return {"placement": "bench", "shopper": {"anonymous_id": _shopper(shopper)}}


def _graphql(shopper: int) -> dict[str, Any]:
    asked = {"placement": "bench", "shopper": {"anonymousId": _shopper(shopper)}}
    return {"query": QUERY, "variables": {"input": asked}}


def _compare(server: Server) -> None:
    """Stop unless REST and GraphQL give the same full, personal slate for a few shoppers."""
    client = Client(server.url, server.key)
    for shopper in range(5):
        rest = client.call("POST", "/v1/recommendations", _asked(shopper))
        found = client.call("POST", "/graphql", _graphql(shopper))
        if "errors" in found:
            raise Failed(f"GraphQL answered {found['errors']}")
        graphql = _snake(found["data"]["recommendations"])
        for answer in (rest, graphql):
            answer.pop("recommendation_id")
        if rest != graphql:
            raise Failed(f"REST and GraphQL differ for {_shopper(shopper)}:\n{rest}\n{graphql}")
        if len(rest["items"]) != SLATE or not rest["personalised"]:
            raise Failed(f"not a full personal slate: {rest}")


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): _snake(entry) for key, entry in value.items()}


def _measure(server: Server, seconds: float) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    rest = [msgspec.json.encode(_asked(shopper)) for shopper in range(SHOPPERS)]
    graphql = [msgspec.json.encode(_graphql(shopper)) for shopper in range(SHOPPERS)]
    targets = {
        "empty_view": Target(f"{server.url}/bench/empty", {}),
        "rest": Target(f"{server.url}/v1/recommendations", headers, rest),
        "graphql": Target(f"{server.url}/graphql", headers, graphql),
    }
    if server.stack is None:
        targets.pop("empty_view")  # a server that is not ours has none
    figures: dict[str, Any] = {
        "generator": generator(),
        # Not known of a server that is not ours.
        "web_threads": int(os.environ["SPECREC_WEB_THREADS"]) if server.stack else None,
        "stopped": list(STOPPED) if server.stack else None,
        "seconds": seconds,
        "rounds": ROUNDS,
        "items": ITEMS,
        "slate": SLATE,
    }
    rounds = _rounds(targets, seconds)
    for name in targets:
        taken = {str(count): [one[name, count] for one in rounds] for count in CONCURRENCIES}
        found = {count: sorted(each, key=lambda one: one.rps)[len(each) // 2] for count, each in taken.items()}
        figures[name] = {count: asdict(result) for count, result in found.items()}
        _refuse_errors(name, taken)
    figures["ratios"] = {name: _ratio(rounds, name) for name in ("rest", "graphql")}
    return figures


def _rounds(targets: dict[str, Target], seconds: float) -> list[Round]:
    """Measure all targets in turn, several times: what else the machine does then falls on all alike."""
    for target in targets.values():
        measure(target, concurrency=8, seconds=1.0)  # warm
    return [
        {
            (name, count): measure(target, concurrency=count, seconds=seconds)
            for count in CONCURRENCIES
            for name, target in targets.items()
        }
        for _ in range(ROUNDS)
    ]


def _ratio(rounds: list[Round], name: str) -> float | None:
    """Return the median over the rounds of this target's requests/s at 8 over the empty view's of the same round."""
    if ("empty_view", 8) not in rounds[0]:
        return None
    return round(statistics.median(one[name, 8].rps / one["empty_view", 8].rps for one in rounds), 3)


def _refuse_errors(name: str, taken: dict[str, list[Measured]]) -> None:
    for count, each in taken.items():
        for number, result in enumerate(each, start=1):
            if result.errors:
                raise Failed(f"{name} at concurrency {count}, round {number}: {result.errors} answers were errors")


def _print(figures: dict[str, Any]) -> None:
    threads = "unknown" if figures["web_threads"] is None else figures["web_threads"]
    print(
        f"\n{figures['items']:,} items, {figures['slate']} in an answer, load by {figures['generator']}, "
        f"threads of a web worker: {threads}"
    )
    stopped = "nothing, the server is not ours" if figures["stopped"] is None else ", ".join(figures["stopped"])
    print(f"stopped while it was measured: {stopped}\n")
    print(f"{'':12} {'conc.':>5} {'req/s':>9} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8} {'generator CPU':>14}")
    for name in ("empty_view", "rest", "graphql"):
        for count, found in figures.get(name, {}).items():
            spread = " ".join(f"{found[key]:8.2f}" for key in ("p50_ms", "p90_ms", "p99_ms"))
            print(f"{name:12} {count:>5} {found['rps']:9,.0f} {spread} {found['generator_cpu']:13.0%}")
    print(f"\nof the empty view's requests/s at 8: {figures['ratios']} (aims: REST 0.2, GraphQL 0.08)")


if __name__ == "__main__":
    main()
