"""Both ways of counting on the baskets of the Complete Journey: times, and how far apart their numbers are."""

import shlex
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from pyarrow import parquet

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.counting import count_here
from apps.recommend.training.spark import SparkCounter
from specrec.datasets.base import single_file

PLANS = {"covisitation": CovisitationParams(), "transitions": CovisitationParams(window=1, backward=0.0)}
TOLERANCE = 2.0**-22  # two steps of float32: each twin rounds once
_COLUMNS = ["household_id", "product_id", "transaction_timestamp", "quantity"]
_SUMS = ("row_sums", "column_sums")


def compare_twins(data: Path, *, submit: str) -> dict[str, Any]:
    """Return seconds of both, and of each table its pairs and the largest relative difference of counts and sums.

    A difference of -1 says that the pairs themselves are not the same.
    """
    events, n_items = read_baskets(data)
    count_here(Sequences(*(column[:100] for column in _columns(events))), n_items, PLANS)  # compiles
    since = time.perf_counter()
    here = count_here(events, n_items, PLANS)
    local_seconds = time.perf_counter() - since
    with tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder:
        since = time.perf_counter()
        there = SparkCounter(command=tuple(shlex.split(submit)), folder=Path(folder))(events, n_items, PLANS)
        spark_seconds = time.perf_counter() - since
    return {
        "events": len(events.item),
        "items": n_items,
        "local_seconds": round(local_seconds, 2),
        "spark_seconds": round(spark_seconds, 2),
        "pairs": {name: len(table.indices) for name, table in here.items()},
        "difference": {name: difference(here[name], there[name]) for name in here},
    }


def difference(one: PairCounts, other: PairCounts) -> float:
    """Return the largest relative difference of counts, sums and the unit; -1 where the pairs are not the same."""
    for name in ("start", "length", "indices"):
        if not np.array_equal(getattr(one, name), getattr(other, name)):
            return -1.0
    found = [_apart(one.counts, other.counts), *(_apart(getattr(one, name), getattr(other, name)) for name in _SUMS)]
    units = (np.array([table.step_sum, table.step_count]) for table in (one, other))
    return max(*found, _apart(*units))


def read_baskets(data: Path) -> tuple[Sequences, int]:
    """Return what each household bought, in the order of scanning, weighed by the quantity; and how many items."""
    lines = parquet.read_table(single_file(data, "transactions.parquet"), columns=_COLUMNS)
    item = pc.dictionary_encode(lines["product_id"]).combine_chunks()
    second = lines["transaction_timestamp"].to_numpy().astype("datetime64[s]").astype(np.float64)
    household = lines["household_id"].to_numpy().astype(np.int32)
    order = np.lexsort((second, household))
    weight = np.clip(lines["quantity"].to_numpy(), 1, 10).astype(np.float64)
    row = item.indices.to_numpy().astype(np.int32)
    return Sequences(household[order], row[order], weight[order], second[order]), len(item.dictionary)


def _columns(events: Sequences) -> tuple[Any, ...]:
    return events.sequence, events.item, events.weight, events.time


def _apart(one: Any, other: Any) -> float:
    """Return the largest relative difference."""
    if len(one) == 0:
        return 0.0
    scale = np.maximum(np.abs(one), np.finfo(np.float32).tiny)
    return float(np.max(np.abs(one.astype(np.float64) - other) / scale))
