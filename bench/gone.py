"""How soon an item that is sold out, or hidden, is gone from the answers of every worker, while others ask and send.

A probe takes an item that is shown, writes its stock as 0 (or the item as unpublished) through the API, and asks each
worker for that item alone, again and again, until none of them gives it. The time counts from the API's answer to the
write until the last worker's first answer without the item; one more question to each says whether it stays away.
"""

import random
import statistics
import time
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any

import msgspec
import psutil

from bench.client import Client, Failed
from bench.environment import Environment
from bench.frames import frame_id, make_frame
from bench.load import Target
from bench.mixture import Mixture, SteadySender
from bench.served import open_loop

PLACEMENT = "gone"
ITEMS = 600
ASKED_PER_S = 200.0
TARGET_MS = 2_000
_SHOWN = 300  # items that background questions are about; the probes take the others
_GIVE_UP = 10.0
_CONNECTIONS = 24
_LONGEST_PAUSE = 0.3


def measure_gone(place: Environment, *, probes: int, rate: float, seed: int) -> dict[str, Any]:
    """Return the percentiles over all probes, and apart for sold out and hidden; half of the probes are of each."""
    if probes > ITEMS - _SHOWN:
        raise Failed(f"there are items for {ITEMS - _SHOWN} probes, and {probes} were asked for")
    client = place.client()
    _prepare(client)
    workers = _one_of_each_worker(place)
    with ExitStack() as exits:
        sender = _send_events(place, exits, rate=rate, seed=seed)
        _ask_meanwhile(place, exits)
        started = time.monotonic()
        sold_out, hidden = _probe_all(client, workers, probes=probes, seed=seed)
        sent = len(sender.promised.ids) / (time.monotonic() - started)
    if sender.error is not None:
        raise Failed(f"the background broke off: {sender.error}") from sender.error
    return {
        **_figures([*sold_out, *hidden]),
        "workers": len(workers),
        "sold_out": _figures(sold_out),
        "hidden": _figures(hidden),
        "background_events_per_s": round(sent),
        "background_answers_per_s": ASKED_PER_S,
    }


def _prepare(client: Client) -> None:
    body = {"placement": PLACEMENT, "title": "Gone", "strategy": "new_in", "size": 12}
    client.call("PUT", "/v1/placements", body)
    lines = b"\n".join(msgspec.json.encode(make_frame(number)) for number in range(ITEMS))
    job = client.call("POST", "/v1/items/bulk", lines)
    client.wait_for(f"/v1/imports/{job['import_id']}", lambda answer: answer["finished_at"], seconds=120)


def _one_of_each_worker(place: Environment) -> list[Client]:
    """Return a connection to each worker; to a server that is not ours so many that every worker has some."""
    clients = [place.client() for _ in range(_CONNECTIONS)]
    for client in clients:
        client.call("POST", "/v1/recommendations", {"placement": PLACEMENT})
    if place.stack is None:
        return clients
    found: dict[int, Client] = {}
    for process in psutil.Process(place.stack.pids()["web"]).children(recursive=True):
        ports = {getattr(one.raddr, "port", None) for one in process.net_connections("tcp")} - {None}
        its = [client for client in clients if client.port in ports]
        if its:
            found[process.pid] = its[0]
    return list(found.values())


def _send_events(place: Environment, exits: ExitStack, *, rate: float, seed: int) -> SteadySender:
    mixture = Mixture(seed=seed, size=25, shoppers=1_000)
    until = time.monotonic() + 3_600  # it is told to end
    sender = SteadySender(place.client, mixture, until, batches_per_s=rate / 25, seed=seed)
    sender.start()
    exits.callback(sender.join)
    exits.callback(sender.end)
    return sender


def _ask_meanwhile(place: Environment, exits: ExitStack) -> None:
    """Ask for other lists, at a steady rate, in a process of its own."""
    headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
    bodies = [msgspec.json.encode({"placement": PLACEMENT, "item_ids": [frame_id(number)]}) for number in range(_SHOWN)]
    target = Target(f"{place.url}/v1/recommendations", headers, bodies)
    asking = get_context("spawn").Process(
        target=open_loop.run, args=(target,), kwargs={"rate": ASKED_PER_S, "seconds": 1_800.0}, daemon=True
    )
    asking.start()
    exits.callback(asking.join)
    exits.callback(asking.terminate)


def _probe_all(client: Client, workers: list[Client], *, probes: int, seed: int) -> tuple[list[float], list[float]]:
    """Return milliseconds of each probe: of items sold out, and of items hidden."""
    choice = random.Random(seed)
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(probes):
        time.sleep(choice.uniform(0.0, _LONGEST_PAUSE))  # or the probes would fall into step with what follows them
        found[number % 2].append(_probe(client, workers, _SHOWN + number, is_hidden=bool(number % 2)))
    return found


def _probe(client: Client, workers: list[Client], number: int, *, is_hidden: bool) -> float:
    question = msgspec.json.encode({"placement": PLACEMENT, "include_item_ids": [frame_id(number)], "profile": "none"})
    deadline = time.perf_counter() + _GIVE_UP
    while not all(_is_shown(worker, question) for worker in workers):
        if time.perf_counter() > deadline:
            raise Failed(f"{frame_id(number)} was not shown before it was taken away")
    if is_hidden:
        client.call("POST", "/v1/items", make_frame(number) | {"published": False})
    else:
        client.call("POST", "/v1/stock", {"stock": [{"sku": f"sku-{number:05}", "on_hand": 0}]})
    written = time.perf_counter()
    waiting = list(workers)
    while waiting and time.perf_counter() - written < _GIVE_UP:
        waiting = [worker for worker in waiting if _is_shown(worker, question)]
    took = (time.perf_counter() - written) * 1_000
    if any(_is_shown(worker, question) for worker in workers) and not waiting:
        raise Failed(f"{frame_id(number)} came back after it was gone")
    return took


def _is_shown(worker: Client, question: bytes) -> bool:
    return bool(worker.call("POST", "/v1/recommendations", question)["items"])


def _figures(took: list[float]) -> dict[str, Any]:
    """Return the figures; a probe that never went counts as the time after which it was given up."""
    ordered = sorted(took)
    cuts = {share: ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] for share in (90, 99)}
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p90_ms": round(cuts[90], 1),
        "p99_ms": round(cuts[99], 1),
        "max_ms": round(ordered[-1], 1),
        "probes": len(ordered),
        "never_gone": sum(one >= _GIVE_UP * 1_000 for one in ordered),
    }
