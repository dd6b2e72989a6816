"""Fill the demo through the doors, step by step; what was done is written down, so an interrupted start goes on."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from demo.catalogue.build import SEED, build_categories, build_import, build_stores, products_of
from demo.catalogue.words import table
from demo.door import Door, Refused
from demo.shoppers import SHOPPERS, in_batches, simulate
from specrec.kernel import wire
from specrec.roles import Stack

_BATCH = 800
_IMPORT_SECONDS = 180.0
_TRAIN_SECONDS = 180.0
_TRAIN_ATTEMPTS = 3
_TRAIN_PAUSE = 1.0  # the training that was under way has to have ended before the next is asked for


@dataclass(frozen=True)
class Size:
    """How much is made: `scale` of the frames, `shoppers` at all sites together."""

    scale: float = 1.0
    shoppers: int = SHOPPERS


class Notes:
    """What has been done, in a file beside the data."""

    def __init__(self, folder: Path, *, size: Size) -> None:
        self._file = folder / "demo.json"
        if self._file.exists():
            self._kept: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        else:
            moment = datetime.now(UTC).replace(microsecond=0).isoformat()
            self._kept = {"made_at": moment, "scale": size.scale, "shoppers": size.shoppers, "done": []}

    @property
    def made_at(self) -> datetime:
        """The moment of the first start: all times of the demo are counted from it."""
        return datetime.fromisoformat(self._kept["made_at"])

    @property
    def size(self) -> Size:
        """The size of the first start."""
        return Size(scale=self._kept["scale"], shoppers=self._kept["shoppers"])

    def has(self, step: str) -> bool:
        """Return whether the step was finished."""
        return step in self._kept["done"]

    def add(self, step: str) -> None:
        """Write down that the step is finished."""
        self._kept["done"].append(step)
        self.save()

    def save(self) -> None:
        """Write the notes, whole or not at all."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._kept), encoding="utf-8")
        fresh.replace(self._file)


class Seeding:
    """The steps, each done once."""

    def __init__(self, stack: Stack, *, folder: Path, size: Size, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._folder = folder
        self._say = say
        self.notes = Notes(folder, size=size)
        self.notes.save()

    def run(self) -> dict[str, dict[str, str]]:
        """Do what is missing and return the keys by site, and the admin's under "admin"."""
        self._step("prepared", "sites, keys, placements", lambda: self._manage("prepare_demo"))
        keys: dict[str, dict[str, str]] = json.loads((self._folder / "keys.json").read_text(encoding="utf-8"))
        if self.notes.has("trained"):
            return keys
        self._step("stores", "stores and categories", lambda: self._each(keys, self._stores))
        self._step("catalogue", "catalogue, by bulk import", lambda: self._each(keys, self._catalogue))
        self._step("events", "sixty days of shopping, by the collector", lambda: self._each(keys, self._events))
        self._step("caught-up", "consumers have read everything", lambda: self._manage("await_events"))
        self._step("trained", "models trained and promoted", lambda: self._each(keys, self._train))
        return keys

    def _step(self, name: str, title: str, work: Callable[[], str]) -> None:
        if self.notes.has(name):
            return
        start = time.monotonic()
        found = work()
        self.notes.add(name)
        self._say(f"{title}{found} ({time.monotonic() - start:.1f} s)")

    def _each(self, keys: dict[str, dict[str, str]], work: Callable[[str, Door], int]) -> str:
        sites = list(table("sites"))
        with ThreadPoolExecutor(len(sites)) as pool:
            counts = list(pool.map(lambda site: self._at(site, keys[site]["secret"], work), sites))
        return ": " + ", ".join(f"{site} {count:,}" for site, count in zip(sites, counts, strict=True))

    def _at(self, site_id: str, key: str, work: Callable[[str, Door], int]) -> int:
        with closing(Door(self._stack.url, key=key)) as door:
            return work(site_id, door)

    def _manage(self, command: str) -> str:
        self._stack.manage(command)
        return ""

    def _stores(self, site_id: str, door: Door) -> int:
        stores = build_stores(site_id)
        door.post("/v1/stores", wire.encode({"stores": stores}))
        door.post("/v1/categories", wire.encode({"categories": build_categories(site_id)}))
        return len(stores)

    def _catalogue(self, site_id: str, door: Door) -> int:
        lines = build_import(site_id, now=self.notes.made_at, scale=self.notes.size.scale)
        job = door.post("/v1/items/bulk", lines, kind="application/x-ndjson")["import_id"]
        done = door.wait_for(
            f"/v1/imports/{job}", until=lambda status: status["state"] in {"done", "failed"}, seconds=_IMPORT_SECONDS
        )
        if done["state"] != "done" or done["lines_failed"]:
            raise Refused(f"The import into {site_id} ended {done['state']}: {done}")
        return int(done["lines_done"])

    def _events(self, site_id: str, door: Door) -> int:
        size = self.notes.size
        products = products_of(site_id, scale=size.scale)
        events = simulate(
            site_id=site_id, products=products, until=self.notes.made_at, seed=SEED, shoppers=size.shoppers
        )
        for batch in in_batches(events, size=_BATCH):
            answer = door.post("/v1/events", msgspec.json.encode({"events": batch}))
            if answer["dropped"]:
                refused = next(result for result in answer["results"] if result["status"] == "dropped")
                raise Refused(f"The collector dropped an event: {refused}")
        return len(events)

    def _train(self, site_id: str, door: Door) -> int:
        """Train on all events: what the schedule made while they came in, or on an earlier start, will not do."""
        for attempt in range(_TRAIN_ATTEMPTS):
            if attempt:
                time.sleep(_TRAIN_PAUSE)
            known = {model["stamp"] for model in door.get("/v1/models")}
            asked_at = datetime.now(UTC)
            door.post("/v1/models/train", {})
            models = door.wait_for("/v1/models", until=partial(_decided, known=known), seconds=_TRAIN_SECONDS)
            if datetime.fromisoformat(_decided(models, known=known)[0]["created_at"]) >= asked_at:
                break
        else:
            raise Refused(f"No training of {site_id} began after it was asked for, {_TRAIN_ATTEMPTS} times.")
        # The gate may keep an earlier model; it is only wrong to have none.
        if not any(model["state"] == "promoted" for model in models):
            raise Refused(f"The model of {site_id} was not promoted: {models[0]}")
        return 1


def _decided(models: list[dict[str, Any]], *, known: set[str]) -> list[dict[str, Any]]:
    """Return the versions that are promoted or rejected and were not known, newest first."""
    return [model for model in models if model["stamp"] not in known and model["state"] in {"promoted", "rejected"}]
