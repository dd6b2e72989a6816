"""Quality through the front door: load, train, and ask the running HTTP API for every held-out next item.

Protocol "strict" for sequences: statistics are made without the last two items of each shopper; the history given when
asking is all but the last item, and is excluded from the answer. Sessions: train on the training sessions, ask every
prefix, exclude nothing. Popularity is asked in the same way. The model is frozen before any held-out item is sent.
"""

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench.ask import Question, Tally, ask_all
from bench.client import Client
from bench.environment import Environment, environment
from bench.offline_engine import recipe_for
from bench.trained import refuse_changed, refuse_trained, train
from specrec.datasets import sequences, sessions
from specrec.datasets.base import window_end
from specrec.kernel import clock

SITE = "bench-quality"
CURRENCY = "GBP"
PROBES = 20
HELD_OUT = 2
PLACEMENTS = {"quality": "for_you", "quality-popular": "popular"}
Report = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What is loaded and what is asked."""

    items: list[dict[str, Any]]
    events: Iterable[dict[str, Any]]
    event_count: int
    questions: list[Question]


def measure_served(options: argparse.Namespace) -> Report:
    """Load, train and ask over HTTP, on a throwaway stack or the server that SPECREC_URL names; return the figures."""
    task = (_sequences if options.format == "sequences" else _sessions)(options.data)
    with environment(site_id=SITE) as place:
        report = _measure(place, task, recipe_for(options.format), options.limit)
        place.peaks.read()
        report["peak_mb"] = round(place.peaks.megabytes) if place.stack else None  # another's processes are not seen
    return report


def _measure(place: Environment, task: Task, recipe: str, limit: int) -> Report:
    client = place.client()
    refuse_trained(client)
    started = time.perf_counter()
    _load(client, task)
    loaded = time.perf_counter()
    stamp, train_seconds = _train(client, recipe)
    questions = task.questions[:limit] if limit else task.questions
    ready = time.perf_counter()
    model = _ask(place, "quality", questions)
    asked = time.perf_counter()
    popularity = _ask(place, "quality-popular", questions)
    ended = time.perf_counter()
    refuse_changed(client, stamp=stamp)
    return {
        **model.figures(len(task.items)),
        "popularity": popularity.figures(len(task.items)),
        "asked": model.asked,
        "failed": model.failed,
        "seconds": {
            "load": round(loaded - started, 1),
            "train": round(train_seconds, 1),
            "ask": round(asked - ready, 1),
            "ask_popularity": round(ended - asked, 1),
        },
        "model": {"before": stamp, "after": stamp},
        "recipe": recipe,
    }


def _sequences(folder: Path) -> Task:
    data = sequences.read(folder)
    long_enough = {user: items for user, items in data.users.items() if len(items) > HELD_OUT}
    train = {user: items[:-HELD_OUT] for user, items in long_enough.items()}
    events = sequences.events_of(train, end=window_end(clock.now()), currency=CURRENCY)
    questions = [Question(history=items[:-1], exclude=items[:-1], target=items[-1]) for items in long_enough.values()]
    count = sum(len(items) for items in train.values())
    return Task(sequences.items_of(data, currency=CURRENCY), events, count, questions)


def _sessions(folder: Path) -> Task:
    data = sessions.read(folder)
    events = sessions.events_of(data, end=window_end(clock.now()))
    questions = [Question(history=prefix, exclude=[], target=target) for prefix, target in data.prefixes]
    count = sum(len(items) for items in data.train)
    return Task(sessions.items_of(data, currency=CURRENCY), events, count, questions)


def _load(client: Client, task: Task) -> None:
    for placement, strategy in PLACEMENTS.items():
        body = {
            "placement": placement,
            "title": placement,
            "strategy": strategy,
            "size": 20,
            "exclude_purchased_days": 0,
        }
        client.call("PUT", "/v1/placements", body)
    lines = b"\n".join(msgspec.json.encode(item) for item in task.items)
    job = client.call("POST", "/v1/items/bulk", lines)
    with tqdm(total=task.event_count, unit=" events", desc="events", mininterval=1) as bar:
        for batch in _batches(task.events, 1_000):
            answer = client.call("POST", "/v1/events", {"events": batch})
            if answer["accepted"] != len(batch):
                message = f"the collector refused {len(batch) - answer['accepted']} events: {answer['results'][0]}"
                raise SystemExit(message)
            bar.update(len(batch))
    path = f"/v1/imports/{job['import_id']}"
    status = client.wait_for(path, lambda answer: answer["state"] in {"done", "failed"}, seconds=300)
    if status["lines_failed"] or status["state"] == "failed":
        raise SystemExit(f"the import refused {status['lines_failed']} lines: {status}")
    client.wait_for("/v1/events/status", lambda answer: answer["lag"]["table"] == 0, seconds=600)


def _train(client: Client, recipe: str) -> tuple[str, float]:
    started = time.perf_counter()
    stamp = train(client, seconds=900, recipe=recipe)
    seconds = time.perf_counter() - started
    probe = {"placement": "quality", "limit": 1}
    deadline = time.monotonic() + 60
    served = 0
    while served < PROBES:  # every web process has to have loaded it
        served = served + 1 if client.call("POST", "/v1/recommendations", probe)["model"] == stamp else 0
        if time.monotonic() > deadline:
            raise SystemExit(f"the server does not serve model {stamp}")
        time.sleep(0.05)
    return stamp, seconds


def _ask(place: Environment, placement: str, questions: Sequence[Question]) -> Tally:
    return ask_all(url=place.url, key=place.key, placement=placement, questions=questions)


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def print_served(report: Report, name: str) -> None:
    """Print the figures beside popularity's."""
    names = list(report["popularity"])
    print(f"\n{name}: asked {report['asked']:,}, failed {report['failed']:,}, model {report['model']['before']}")
    print(f"{'':12}" + "".join(f"{key:>12}" for key in names))
    for label, figures in (("model", report), ("popularity", report["popularity"])):
        print(f"{label:12}" + "".join(f"{figures[key]:12.4f}" for key in names))
    print("seconds: " + ", ".join(f"{key} {value}" for key, value in report["seconds"].items()))
    if report["peak_mb"] is not None:
        print(f"largest process: {report['peak_mb']} MB")
