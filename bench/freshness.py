"""How soon an answer knows what the shopper just did: from the `202` of a click to the first answer that shows it.

`python -m bench.freshness [--what all|events|items] [--probes 250] [--rate 500] [--twin both|postgres|kafka] [--seed 1]
[--json FILE]`

Other shoppers send events all the while. Each probe is a shopper who clicks an item; from its `202` on, a placement of
the strategy `recently_viewed` is asked again and again, until the clicked item is its first. The time of that answer's
arrival counts, so the asking itself is in the figure; what one ask takes is printed beside it. With SPECREC_URL (and
SPECREC_KEY, of an empty site) somebody else's server is measured, whatever carries its events. The second part, items,
measures how soon an answer knows that an item is sold out or hidden (`bench.gone`).
"""

import argparse
import json
import math
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from bench.client import Client, Failed
from bench.environment import Environment, environment
from bench.frames import frame_id, make_frame
from bench.gone import TARGET_MS as GONE_MS
from bench.gone import measure_gone
from bench.mixture import Mixture, SteadySender
from specrec import testbed
from specrec.embedded import PartsError
from specrec.roles import Twin

SITE = "bench-freshness"
PLACEMENT = "fresh"
ITEMS = 500
OTHERS = 1_000
TARGET_MS = 500
_BATCH = 25
_CLIENTS = 4  # one alone would send less where an answer takes longer than its share of a second
_GIVE_UP = 10.0
_BETWEEN_ASKS = 0.002
_LONGEST_PAUSE = 0.15
_WARM_UP = 10


@dataclass(slots=True)
class Probed:
    """What the probes took, in milliseconds, and what asking took."""

    shown: list[float] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    never: int = 0

    def figures(self) -> dict[str, Any]:
        """Return the figures; a probe that never showed counts as the time after which it was given up."""
        return {
            "p50_ms": round(statistics.median(self.shown), 1),
            "p90_ms": round(_percentile(self.shown, 0.90), 1),
            "p99_ms": round(_percentile(self.shown, 0.99), 1),
            "max_ms": round(max(self.shown), 1),
            "probes": len(self.shown),
            "never_shown": self.never,
            "ask_p50_ms": round(statistics.median(self.asks), 1),
            "ask_p99_ms": round(_percentile(self.asks, 0.99), 1),
            "asks_per_probe": round(len(self.asks) / len(self.shown), 1),
        }


def main() -> int:
    """Measure, print a table, write JSON where asked."""
    asked = _arguments()
    found: dict[str, dict[str, Any]] = {}
    gone: dict[str, Any] = {}
    try:
        for twin in _twins(asked.twin) if asked.what != "items" else ():
            _say(f"{twin}: starting")
            with environment(site_id=SITE, twin=twin) as place:
                found[twin] = _measure(place, asked)
        if asked.what != "events":
            _say("items that go: starting")
            with environment(site_id=f"{SITE}-items") as place:
                gone = measure_gone(place, probes=asked.probes, rate=asked.rate, seed=asked.seed)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.freshness: {error}")
    if found:
        _show(found)
    if gone:
        _show_gone(gone)
    if asked.json:
        kafka = {"kafka": found["kafka"]} if "kafka" in found else {}
        figures = {"event_to_answer": found.get("postgres", {}) | kafka, "gone_from_answers": gone}
        Path(asked.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("all", "events", "items"), default="all", help="clicks, items that go, both")
    parser.add_argument("--probes", type=int, default=250, help="clicks that are waited for, and items")
    parser.add_argument("--rate", type=float, default=500.0, help="events a second that others send meanwhile")
    parser.add_argument("--twin", choices=("both", "postgres", "kafka"), default="both", help="what carries the events")
    parser.add_argument("--seed", type=int, default=1, help="decides the events and the pauses")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _twins(asked: str) -> list[Twin]:
    if os.environ.get("SPECREC_URL"):
        _say("SPECREC_URL is measured, with whatever carries its events")
        return ["postgres"]
    if asked == "postgres":
        return ["postgres"]
    if asked == "both" and testbed.find() is None:
        _say("Kafka is left out: there is no test bed (make testbed-fetch)")
        return ["postgres"]
    return ["kafka"] if asked == "kafka" else ["postgres", "kafka"]


def _measure(place: Environment, asked: argparse.Namespace) -> dict[str, Any]:
    client = place.client()
    _prepare(client, probes=asked.probes + _WARM_UP, seed=asked.seed)
    background = [_background(place, asked, number) for number in range(_CLIENTS)]
    _say(f"{asked.probes} clicks, while others send {asked.rate:,.0f} events/s")
    for sender in background:
        sender.start()
    started = time.monotonic()
    try:
        probed = _probe_all(client, asked)
    finally:
        took = time.monotonic() - started
        for sender in background:
            sender.end()
            sender.join()
    for sender in background:
        if sender.error is not None:
            raise Failed(f"the background broke off: {sender.error}") from sender.error
    sent = sum(len(sender.promised.ids) for sender in background)
    return probed.figures() | {"background_events_per_s": round(sent / took)}


def _background(place: Environment, asked: argparse.Namespace, number: int) -> SteadySender:
    mixture = Mixture(seed=asked.seed + number, size=_BATCH, shoppers=OTHERS)
    until = time.monotonic() + asked.probes * (_GIVE_UP + 1.0)  # longer than any run: it is told to end
    pace = asked.rate / _BATCH / _CLIENTS
    return SteadySender(place.client, mixture, until, batches_per_s=pace, seed=asked.seed + number)


def _prepare(client: Client, *, probes: int, seed: int) -> None:
    """Make the items and the placement; every shopper has consented before the first click."""
    body = {"placement": PLACEMENT, "title": "Fresh", "strategy": "recently_viewed", "size": 12}
    client.call("PUT", "/v1/placements", body | {"exclude_purchased_days": 0})
    lines = b"\n".join(msgspec.json.encode(make_frame(number)) for number in range(ITEMS))
    job = client.call("POST", "/v1/items/bulk", lines)
    done = client.wait_for(f"/v1/imports/{job['import_id']}", lambda answer: answer["finished_at"], seconds=120)
    if done["lines_failed"]:
        raise Failed(f"the import refused {done['lines_failed']} lines: {done}")
    for _, batch in Mixture(seed=seed, size=500, shoppers=OTHERS).consents():
        client.call("POST", "/v1/events", batch)
    views = [_event("view", number, 0) | {"consent": ["history_personalisation"]} for number in range(probes)]
    for start in range(0, probes, 500):
        client.call("POST", "/v1/events", {"events": views[start : start + 500]})
    client.wait_for("/v1/events/status", lambda answer: not any(answer["lag"].values()), seconds=120)


def _probe_all(client: Client, asked: argparse.Namespace) -> Probed:
    choice = random.Random(asked.seed)
    probed = Probed()
    for number in range(asked.probes + _WARM_UP):
        if number == _WARM_UP:
            probed = Probed()  # connections, caches and byte code are warm by now
        _probe(client, number, choice.randrange(1, ITEMS), probed)
        if number % 50 == 0:
            _say(f"{number} of {asked.probes + _WARM_UP}")
        time.sleep(choice.uniform(0.0, _LONGEST_PAUSE))  # or the probes would fall into step with the consumer
    return probed


def _probe(client: Client, shopper: int, item: int, probed: Probed) -> None:
    """Click, and ask until the click shows."""
    question = msgspec.json.encode({"placement": PLACEMENT, "shopper": {"anonymous_id": f"prober-{shopper}"}})
    answer = client.call("POST", "/v1/events", {"events": [_event("click", shopper, item)]})
    accepted = time.perf_counter()
    if answer["accepted"] != 1:
        raise Failed(f"the click was refused: {answer}")
    while True:
        asked = time.perf_counter()
        slate = client.call("POST", "/v1/recommendations", question)["items"]
        arrived = time.perf_counter()
        probed.asks.append((arrived - asked) * 1_000)
        is_shown = bool(slate) and slate[0]["item_id"] == frame_id(item)
        if is_shown or arrived - accepted > _GIVE_UP:
            probed.shown.append((arrived - accepted) * 1_000)
            probed.never += not is_shown
            return
        time.sleep(_BETWEEN_ASKS)


def _event(kind: str, shopper: int, item: int) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "type": kind,
        "time": datetime.now(UTC).isoformat(),
        "anonymous_id": f"prober-{shopper}",
        "session_id": f"session-{shopper}",
        "item_id": frame_id(item),
    }


def _percentile(values: list[float], share: float) -> float:
    """Return the smallest value that so great a share of them does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _say(words: str) -> None:
    print(f"bench.freshness: {words} …", file=sys.stderr, flush=True)


def _show(found: dict[str, dict[str, Any]]) -> None:
    names = list(next(iter(found.values())))
    print(f"\nfrom the 202 of a click to the first answer that shows it (aim: p99 below {TARGET_MS} ms)")
    print(f"{'':26}" + "".join(f"{twin:>12}" for twin in found))
    for name in names:
        print(f"{name:26}" + "".join(f"{figures[name]:>12}" for figures in found.values()))


def _show_gone(gone: dict[str, Any]) -> None:
    print(f"\nfrom the API's answer to a write until no worker shows the item (aim: p99 below {GONE_MS:,} ms)")
    parts = {"all": gone, "sold out": gone["sold_out"], "hidden": gone["hidden"]}
    print(f"{'':12}" + "".join(f"{name:>12}" for name in gone["hidden"]))
    for name, figures in parts.items():
        print(f"{name:12}" + "".join(f"{figures[column]:>12}" for column in gone["hidden"]))
    print(
        f"{gone['workers']} workers, while others sent {gone['background_events_per_s']} events/s "
        f"and asked {gone['background_answers_per_s']:.0f}/s"
    )


if __name__ == "__main__":
    sys.exit(main())
