"""How soon what shoppers do is in the model: from the `202` of two views to the pair that a process answers with.

`python -m bench.live [--probes 60] [--rate 200] [--seed 1] [--json FILE]`

A throwaway specrec takes events and trains once. Then each probe is a shopper who looks at two items, while others send
events; a process that follows the version, as every web process does, is looked at until its count of that pair has
grown. It looks for news every SPECREC_MODEL_POLL_SECONDS (1), which is most of the time measured. At the end a training
of everything must have counted the same.
"""

import argparse
import json
import math
import os
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
import msgspec
import numpy as np

from bench.client import Client, Failed
from bench.environment import Environment, environment
from bench.frames import frame_id, make_frame
from bench.mixture import Mixture, SteadySender
from specrec.embedded import PartsError

SITE = "bench-live"
ITEMS = 500
SHOPPERS = 1_000
TARGET_MS = 2_000
_BATCH = 20
_FIRST = 10  # batches of 500 that the training reads
_GIVE_UP = 60.0
_WARM_UP = 2


def main() -> int:
    """Measure, print the figures, write JSON where asked."""
    asked = _arguments()
    if os.environ.get("SPECREC_URL"):
        sys.exit("bench.live: a process of the measured specrec is looked into: unset SPECREC_URL.")
    try:
        with environment(site_id=SITE) as place:
            figures = _measure(place, asked)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.live: {error}")
    print(f"\nfrom the 202 of two views to their pair in the followed model (aim: p99 below {TARGET_MS} ms)")
    for name, value in figures.items():
        print(f"{name:26}{value:>12}")
    if asked.json:
        Path(asked.json).write_text(json.dumps({"live": figures}, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, default=60, help="pairs that are waited for")
    parser.add_argument("--rate", type=float, default=200.0, help="events a second that others send meanwhile")
    parser.add_argument("--seed", type=int, default=1, help="decides the events and the pauses")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one JSON object")
    return parser.parse_args()


def _measure(place: Environment, asked: argparse.Namespace) -> dict[str, Any]:
    client = place.client()
    _prepare(client, seed=asked.seed)
    stamp = _train(client)
    model = _Model(place, stamp)
    until = time.monotonic() + asked.probes * _GIVE_UP
    others = Mixture(seed=asked.seed + 1, size=_BATCH, shoppers=SHOPPERS)
    sender = SteadySender(place.client, others, until, batches_per_s=asked.rate / _BATCH, seed=asked.seed)
    sender.start()
    try:
        choices = [random.Random(asked.seed * 1_000 + number) for number in range(asked.probes + _WARM_UP)]
        took = [_probe(client, model, chance) for chance in choices][_WARM_UP:]  # the first has to compile loops
    finally:
        sender.end()
        sender.join()
    client.wait_for("/v1/events/status", lambda answer: not any(answer["lag"].values()), seconds=120)
    return {
        "p50_ms": round(statistics.median(took), 1),
        "p99_ms": round(sorted(took)[math.ceil(0.99 * len(took)) - 1], 1),
        "max_ms": round(max(took), 1),
        "probes": len(took),
        "followed_every_s": model.every,
        "equals_a_refit": model.equals(_train(client)),
    }


class _Model:
    """The version as this process follows it, with the settings of the stack."""

    def __init__(self, place: Environment, stamp: str) -> None:
        assert place.stack is not None
        os.environ.update(place.stack.environment)
        django.setup()  # only now is it known which parts are to be asked
        self._live = import_module("apps.recommend.serving.live")
        self._bases = import_module("apps.recommend.registry.live_base")
        self.every = float(import_module("django.conf").settings.MODEL_POLL_SECONDS)
        self._stamp = stamp
        base = self._bases.read_base(site_id=SITE, stamp=stamp)
        self.view_weight = float(base.weights["view"])
        self._row_of = {item_id: row for row, item_id in enumerate(base.item_ids)}
        until = time.monotonic() + _GIVE_UP
        while self._counts() is None:
            if time.monotonic() > until:
                raise Failed(f"the model is not followed: {self._live.live_status()}")
            time.sleep(0.05)

    def pair(self, earlier: str, later: str) -> float:
        """Return what is counted for a pair."""
        counts, row, column = self._counts(), self._row_of[earlier], self._row_of[later]
        start, end = counts.start[row], counts.start[row] + counts.length[row]
        return float(counts.counts[start:end][counts.indices[start:end] == column].sum())

    def status(self) -> Any:
        """Return how it is followed."""
        return self._live.live_status()

    def equals(self, stamp: str) -> bool:
        """Return whether a version that was trained since counted the same."""
        time.sleep(2 * self.every)
        one, other = self._counts(), self._bases.read_base(site_id=SITE, stamp=stamp).counts
        same = np.allclose(one.row_sums, other.row_sums) and np.allclose(one.column_sums, other.column_sums)
        return bool(same and np.isclose(one.unit, other.unit))

    def _counts(self) -> Any:
        return self._live.get_live(SITE, self._stamp)


def _prepare(client: Client, *, seed: int) -> None:
    lines = b"\n".join(msgspec.json.encode(make_frame(number)) for number in range(ITEMS))
    job = client.call("POST", "/v1/items/bulk", lines)
    done = client.wait_for(f"/v1/imports/{job['import_id']}", lambda answer: answer["finished_at"], seconds=120)
    if done["lines_failed"]:
        raise Failed(f"the import refused {done['lines_failed']} lines: {done}")
    mixture = Mixture(seed=seed, size=500, shoppers=SHOPPERS)
    for _, batch in mixture.consents():
        client.call("POST", "/v1/events", batch)
    for _ in range(_FIRST):
        client.call("POST", "/v1/events", mixture.make()[1])
    client.wait_for("/v1/events/status", lambda answer: not any(answer["lag"].values()), seconds=120)


def _train(client: Client) -> str:
    """Train, and return the version whatever the gate says of it: events by chance teach nothing."""
    known = {model["stamp"] for model in client.call("GET", "/v1/models")}
    client.call("POST", "/v1/models/train", {})
    done = {"promoted", "rejected", "candidate"}

    def made(models: list[dict[str, Any]]) -> list[str]:
        return [one["stamp"] for one in models if one["stamp"] not in known and one["state"] in done]

    return made(client.wait_for("/v1/models", made, seconds=180, every=0.2))[0]


def _probe(client: Client, model: _Model, chance: random.Random) -> float:
    """Return milliseconds from the answer to two views until their pair has grown."""
    time.sleep(chance.uniform(0.0, model.every))  # or the probes would fall into step with what follows
    one, other = (frame_id(number) for number in chance.sample(range(ITEMS), 2))
    before, now, shopper = model.pair(one, other), datetime.now(UTC), f"prober-{uuid4()}"
    events = [_view(shopper, one, now - timedelta(seconds=1)), _view(shopper, other, now)]
    answer = client.call("POST", "/v1/events", {"events": events})
    accepted = time.perf_counter()
    if answer["accepted"] != len(events):
        raise Failed(f"the views were refused: {answer}")
    while model.pair(one, other) < before + 0.9 * model.view_weight:  # rounding; others seldom add as much
        if time.perf_counter() - accepted > _GIVE_UP:
            raise Failed(f"a pair was not counted within {_GIVE_UP:.0f} s: {model.status()}")
        time.sleep(0.002)
    return (time.perf_counter() - accepted) * 1_000


def _view(shopper: str, item_id: str, time_: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "type": "view",
        "time": time_.isoformat(),
        "anonymous_id": shopper,
        "item_id": item_id,
        "consent": ["history_personalisation"],
    }


if __name__ == "__main__":
    sys.exit(main())
