"""What a page costs: six slots asked at once beside the same six asked one by one, over HTTP, by one client in turn.

Both are asked for the same shopper and the same product, alternately, so that a busy machine is busy for both; the
page must hold no item twice and keep the order of its slots, or nothing is printed and it exits with 1.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench.client import Client, Failed
from bench.environment import ROLES, THROWAWAY
from bench.served.site import SITE, Size, prepare, shopper_id, wait_for_model
from specrec.embedded import PartsError
from specrec.roles import Stack, run_stack

SIZE = Size(items=10_000, shoppers=800, events_each=40)
STRATEGIES = ("for_you", "similar", "also_viewed", "popular", "new_in", "recently_viewed")
STOPPED = ("worker", "consumer-table", "consumer-features")
WARM = 50


def main() -> int:
    """Measure, print, write JSON where asked; 0 when it measured, 1 for a page that is not right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600, help="how many pages are asked for")
    parser.add_argument("--json", type=Path, help="write the figures here as one JSON object")
    options = parser.parse_args()
    os.environ.setdefault("SPECREC_WEB_THREADS", "1")
    os.environ["SPECREC_WEB_WORKERS"] = "1"
    variables = THROWAWAY | {"SPECREC_LOG_LEVEL": "WARNING"}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder,
            run_stack(Path(folder), roles=ROLES, environment=variables) as stack,
        ):
            figures = _measure(stack, options.pages)
    except (Failed, PartsError) as problem:
        print(f"bench.page: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(stack: Stack, pages: int) -> dict[str, Any]:
    words = (SITE, "--name", SITE, "--locale", "en-GB", "--currency", "GBP", "--time-zone", "UTC")
    stack.manage("create_site", *words)
    client = Client(stack.url, stack.manage("create_key", SITE, "--kind", "secret", "--name", "bench").split()[-1])
    for place, strategy in enumerate(STRATEGIES):
        body = {"placement": strategy, "title": strategy, "strategy": strategy, "size": 12, "priority": place}
        client.call("PUT", "/v1/placements", body)
    wait_for_model(client, prepare(client, SIZE))
    for role in STOPPED:
        stack.stop(role)
    whole: list[float] = []
    single: dict[str, list[float]] = {strategy: [] for strategy in STRATEGIES}
    for number in tqdm(range(WARM + pages), desc="pages", file=sys.stderr):
        shown: dict[str, Any] = {
            "shopper": {"anonymous_id": shopper_id(number % SIZE.shoppers)},
            "item_ids": [_item(number)],
        }
        took, answer = _timed(client, "/v1/pages", shown | {"slots": [{"placement": name} for name in STRATEGIES]})
        _check(answer)
        singles = {name: _timed(client, "/v1/recommendations", shown | {"placement": name})[0] for name in STRATEGIES}
        if number >= WARM:
            whole.append(took)
            for name, milliseconds in singles.items():
                single[name].append(milliseconds)
    p50 = {name: round(statistics.median(times), 3) for name, times in single.items()}
    page = statistics.median(whole)
    return {
        "pages": pages,
        "page_p50_ms": round(page, 3),
        "single_p50_ms": p50,
        "ratio": round(page / sum(p50.values()), 3),
    }


def _timed(client: Client, path: str, asked: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Return milliseconds to the last byte, and the answer."""
    body = msgspec.json.encode(asked)
    started = time.perf_counter()
    status, answer = client.request("POST", path, body)
    took = (time.perf_counter() - started) * 1_000
    if status != HTTPStatus.OK:
        message = f"{path} answered {status}: {answer[:300]!r}"
        raise Failed(message)
    return took, msgspec.json.decode(answer)


def _check(answer: dict[str, Any]) -> None:
    """Raise Failed unless the slots stand as asked for, each has items, and no item is in two of them."""
    names = [slot["slot"] for slot in answer["slots"]]
    items = [item["item_id"] for slot in answer["slots"] for item in slot["answer"]["items"]]
    if (
        names != list(STRATEGIES)
        or len(items) != len(set(items))
        or not all(slot["answer"]["items"] for slot in answer["slots"])
    ):
        message = f"not a page as it was asked for: {names}, {len(items)} items, {len(set(items))} different"
        raise Failed(message)


def _item(number: int) -> str:
    return f"frame-{number * 37 % SIZE.items:05}"


if __name__ == "__main__":
    sys.exit(main())
