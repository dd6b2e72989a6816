"""The same question in catalogues of several sizes: time, memory of a worker, and how soon it is ready."""

import math
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pygal

from bench.client import Client
from bench.load import measure
from bench.served.site import Size, compare, rest_target, wait_for_model
from bench.served.webs import web_of
from specrec.roles import Stack

WORKERS = 2
_ROUNDS = 3


def measure_size(stack: Stack, key: str, size: Size, *, stamp: str, seconds: float) -> dict[str, Any]:
    """Return what one connection waits for an answer, the memory of the larger worker, and the seconds until ready.

    The catalogue and the model are there; the web is started anew.
    """
    with web_of(stack, workers=WORKERS) as web:
        client = Client(web.url, key)
        wait_for_model(client, stamp)
        compare(client)
        target = rest_target(web.url, key, size)
        measure(target, concurrency=4, seconds=2.0)  # warm
        found = [measure(target, concurrency=1, seconds=seconds) for _ in range(_ROUNDS)]
        memory = web.worker_mb()[:WORKERS]
    middle = sorted(found, key=lambda one: one.p50_ms)[len(found) // 2]
    return {
        "p50_ms": middle.p50_ms,
        "p99_ms": statistics.median(one.p99_ms for one in found),
        "worker_mb": memory[0],
        "ready_s": web.ready_s,
        "workers_mb": memory,
        "rounds": [asdict(one) for one in found],
    }


def draw(growth: dict[str, dict[str, Any]], file: Path) -> None:
    """Write a plot of the times against the size of the catalogue."""
    chart = pygal.XY(
        title="What an answer takes, by size of the catalogue",
        x_title="items (powers of ten)",
        y_title="ms",
        xrange=(3.5, 6.5),
        range=(0, None),
        show_legend=True,
        width=720,
        height=420,
    )
    for name in ("p50_ms", "p99_ms"):
        chart.add(name.replace("_", " "), [(_power(int(items)), found[name]) for items, found in growth.items()])
    chart.render_to_file(str(file))


def _power(items: int) -> float:
    return round(math.log10(items), 3)
