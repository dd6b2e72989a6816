"""What an answer costs: an empty Django view, REST and GraphQL on one server, and their ratios.

    python -m bench.serving [--seconds S] [--json FILE]
    python -m bench.serving --full [--items 10000,1000000] [--rates 1000,2000] [--minute S] [--plot FILE] [--json FILE]

REST and GraphQL give the same twelve items with the same fields (the answers are compared first), with everything on:
key, rate limit, consent, the shopper's history in Redis, a trained model, stock and price, exposures to the stream.
With --full there are 10,000 items, 50 rules in force, diversity and an experiment as well; beside them stands a raw
"hello" of the same server, one web worker answers, and after that two workers answer an open loop: requests at times
of their own, whether or not those before are answered. With a second size the question is asked there too.
Workers and consumers are stopped while it is measured: they are other machines' work.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.client import Client
from bench.environment import ROLES, THROWAWAY
from bench.load import HOW_TO_GET_WRK, Target, generator
from bench.served import built, growth, open_loop, report
from bench.served.rounds import ROUNDS, measure_all
from bench.served.rules import put_experiment, put_rules
from bench.served.site import (
    SITE,
    SLATE,
    Size,
    compare,
    graphql_target,
    prepare,
    rest_target,
    wait_for_model,
)
from bench.served.webs import hello, web_of
from bench.trained import refuse_changed
from specrec.roles import Stack, run_stack

STOPPED = ("worker", "consumer-table", "consumer-features")
IMPORTED = 100_000  # more items are built as the catalogue itself would build them, without the doors


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is measured; `stack` is None when it is somebody else's."""

    url: str
    key: str
    stack: Stack | None
    folder: Path


def main() -> None:
    """Measure, print a table, and write the figures as JSON where that is asked for."""
    options = _options()
    # Threads of one worker share one interpreter lock: a second one halves what the worker answers. Say otherwise here:
    os.environ.setdefault("SPECREC_WEB_THREADS", "1")
    if options.full:
        os.environ["SPECREC_WEB_WORKERS"] = "1"
    if generator() != "wrk":
        print(f"{HOW_TO_GET_WRK}: measuring with the client in Python, which costs more itself", file=sys.stderr)
    figures: dict[str, Any] = {}
    for size in options.sizes:
        with _server() as server:
            found = _measure(server, size, options, is_first=not figures)
        figures.setdefault("growth", {}).update(found.pop("growth", {}))
        figures = found | figures
    if len(figures["growth"]) > 1:
        growth.draw(figures["growth"], options.plot)
    report.show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write one JSON object here")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of three measurements")
    parser.add_argument("--full", action="store_true", help="rules, diversity, an experiment, raw hello, open loop")
    parser.add_argument("--items", default="10000", help="with --full: sizes of the catalogue, with commas")
    parser.add_argument("--rates", default="1000", help="with --full: of the open loop, requests a second, with commas")
    parser.add_argument("--minute", type=float, default=60.0, help="with --full: seconds of each open loop")
    parser.add_argument("--plot", type=Path, default=Path("serving-growth.svg"), help="with sizes: write the plot here")
    options = parser.parse_args()
    counts = [int(word) for word in options.items.split(",")] if options.full else []
    options.sizes = [
        Size(items=count, shoppers=800, events_each=40, full=True, is_built=count > IMPORTED) for count in counts
    ] or [Size()]
    options.rates = [float(word) for word in options.rates.split(",")]
    if len(counts) > 1 and os.environ.get("SPECREC_URL"):
        parser.error("sizes are compared on throwaway stacks: unset SPECREC_URL")
    return options


@contextmanager
def _server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="specrec-bench-") as name:
        folder = Path(name)
        if url := os.environ.get("SPECREC_URL"):
            yield Server(url=url, key=os.environ["SPECREC_KEY"], stack=None, folder=folder)
            return
        variables = THROWAWAY | {"SPECREC_LOG_LEVEL": "WARNING"}
        with run_stack(folder, roles=ROLES, settings="bench.empty.settings", environment=variables) as stack:
            words = (SITE, "--name", SITE, "--locale", "en-GB", "--currency", "GBP", "--time-zone", "UTC")
            stack.manage("create_site", *words)
            key = stack.manage("create_key", SITE, "--kind", "secret", "--name", "bench").split()[-1]
            yield Server(url=stack.url, key=key, stack=stack, folder=folder)


def _measure(server: Server, size: Size, options: argparse.Namespace, *, is_first: bool) -> dict[str, Any]:
    client = Client(server.url, server.key)
    base: dict[str, Any] = {}
    if size.is_built and server.stack is not None:
        base = built.build(server.stack, site_id=SITE, items=size.items)
    stamp = prepare(client, size)
    if size.full:
        put_rules(client)
        put_experiment(client)
    wait_for_model(client, stamp)
    if server.stack is not None:
        for role in STOPPED:
            server.stack.stop(role)
    figures: dict[str, Any] = {"items": size.items, "slate": SLATE, "seconds": options.seconds, "rounds": ROUNDS}
    if is_first:
        figures |= _compared(server, size, options)
    refuse_changed(client, stamp=stamp)
    if size.full and server.stack is not None:
        server.stack.stop("web")
        if is_first:
            figures |= _open_loops(server, server.stack, size, options)
        found = growth.measure_size(server.stack, server.key, size, stamp=stamp, seconds=options.seconds)
        figures["growth"] = {str(size.items): found | base}
    return figures


def _compared(server: Server, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    """Return what one web worker gives, beside the least that Django and the server can do."""
    compare(Client(server.url, server.key))
    known = {
        "generator": generator(),
        # Not known of a server that is not ours.
        "web_threads": int(os.environ["SPECREC_WEB_THREADS"]) if server.stack else None,
        "stopped": list(STOPPED) if server.stack else None,
        "is_full": size.full,
    }
    targets: dict[str, Target] = {}
    with ExitStack() as exits:
        if size.full:
            targets["raw_rsgi"] = Target(exits.enter_context(hello(server.folder)), {})
        if server.stack is not None:  # one that is not ours has no empty view
            targets["empty_view"] = Target(f"{server.url}/bench/empty", {})
        targets["rest"] = rest_target(server.url, server.key, size)
        targets["graphql"] = graphql_target(server.url, server.key, size)
        return known | measure_all(targets, seconds=options.seconds, compared=("rest", "graphql"))


def _open_loops(server: Server, stack: Stack, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    """Return what two workers give to requests that do not wait; the first rate is the one that is judged."""
    with web_of(stack, workers=growth.WORKERS) as web:
        compare(Client(web.url, server.key))
        target = rest_target(web.url, server.key, size)
        open_loop.run(target, rate=options.rates[0], seconds=3.0, seed=0)  # warm
        found = [asdict(open_loop.run(target, rate=rate, seconds=options.minute)) for rate in options.rates]
    return {"open_loop": found[0], "open_loops": found}


if __name__ == "__main__":
    main()
