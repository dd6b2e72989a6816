"""Quality of the engine alone: recipes, popularity and other libraries' methods on the same questions, each apart.

Every fit runs in a process of its own, so that its peak of memory is its own. Loops that were never compiled on this
machine are compiled before by a fit that is not counted.
"""

import argparse
import statistics
import sys
import time
from typing import Any

from tqdm import tqdm

from bench import offline_engine
from bench.offline.child import ChildFailed, Work, ask_child
from bench.offline.data import read
from bench.offline.peers import PEERS, Peer
from bench.offline.published import published_for

ENGINE = "bench.offline.with_engine"
POPULARITY = "bench.offline.with_popularity"
SLOW = {"cornac EASE", "cornac ItemKNN", "implicit BPR"}
METRICS = ("recall@5", "ndcg@5", "recall@10", "ndcg@10", "recall@20", "ndcg@20", "mrr@20", "coverage@10")
Report = dict[str, Any]


def measure_offline(options: argparse.Namespace) -> Report:
    """Return the figures; raises a Problem for data or a recipe that cannot be used."""
    started = time.perf_counter()
    data = read(options.data, options.format)
    recipe = options.recipe or offline_engine.recipe_for(options.format)
    lean = offline_engine.lean_recipe_for(options.format)
    for name in filter(None, (recipe, lean)):
        offline_engine.recipe_named(name)
    loaded = time.perf_counter()
    work = {"folder": str(options.data.resolve()), "format": options.format, "limit": options.limit}
    peers = [peer for peer in PEERS if options.peers == "all" or (options.peers == "quick" and peer.method not in SLOW)]
    peers = [] if options.peers == "none" else peers
    count = len(options.seeds) * (2 if lean else 1) + len(peers) + 2
    with tqdm(total=count, unit=" fits", disable=None, file=sys.stderr) as bar:
        warm = _asked(bar, ENGINE, work | {"method": recipe, "seed": options.seeds[0], "limit": 1})
        own = _by_seed(bar, work | {"method": recipe}, options.seeds)
        small = _by_seed(bar, work | {"method": lean}, options.seeds) if lean else None
        popular = _asked(bar, POPULARITY, work | {"method": "popularity", "seed": options.seeds[0]})
        beside = [_peer(bar, peer, data.n_items, work | {"seed": options.seeds[0]}) for peer in peers]
    return {
        **{key: own[key] for key in METRICS},
        "popularity": {key: popular[key] for key in METRICS},
        "asked": own["asked"],
        "failed": 0,
        "seconds": {
            "load": round(loaded - started, 1),
            "compile": round(warm["fit_seconds"], 1),
            "train": own["fit_seconds"],
            "ask": own["ask_seconds"],
            "ask_popularity": popular["seconds"]["ask"],
        },
        "model": {"before": recipe, "after": recipe},
        "fit_seconds": own["fit_seconds"],
        "peak_mb": own["peak_mb"],
        "recipe": own["recipe"],
        "seeds": own["seeds"],
        "lean": small,
        "peers": beside,
        "published": published_for(options.format, data.size),
        "size": data.size,
    }


def _by_seed(bar: "tqdm[Any]", work: Work, seeds: list[int]) -> Report:
    """Return the means over the seeds, the largest peak, and the figures by seed."""
    found = [_asked(bar, ENGINE, work | {"seed": seed}) for seed in seeds]
    means: Report = {key: round(statistics.fmean(one[key] for one in found), 5) for key in METRICS}
    return means | {
        "fit_seconds": round(statistics.fmean(one["fit_seconds"] for one in found), 2),
        "ask_seconds": round(statistics.fmean(one["seconds"]["ask"] for one in found), 2),
        "peak_mb": max(one["peak_mb"] for one in found),
        "asked": found[0]["asked"],
        "recipe": found[0]["recipe"],
        "seeds": [
            {"seed": one["seed"], "fit_seconds": one["fit_seconds"], "peak_mb": one["peak_mb"]}
            | {key: one[key] for key in METRICS}
            for one in found
        ],
    }


def _peer(bar: "tqdm[Any]", peer: Peer, n_items: int, work: Work) -> Report:
    """Return the figures of a peer, or why there are none: without it the rest is still measured."""
    reason = peer.why_not(n_items)
    if reason is None:
        try:
            found = _asked(bar, peer.module, work | {"method": peer.method})
        except ChildFailed as failure:
            reason = str(failure)
        else:
            kept = {key: found[key] for key in (*METRICS, "fit_seconds", "peak_mb", "asked", "seed")}
            return {"method": peer.method, "left_out": None} | kept
    return {"method": peer.method, "left_out": reason}


def _asked(bar: "tqdm[Any]", module: str, work: Work) -> Work:
    bar.set_description(str(work["method"]))
    found = ask_child(module, work)
    bar.update()
    return found


def print_offline(report: Report, name: str) -> None:
    """Print one line a method with figures in the same columns, then the published tables with their source."""
    size = ", ".join(f"{value:,} {key.replace('_', ' ')}" for key, value in report["size"].items())
    print(f"\n{name}: {size}; asked {report['asked']:,}; mean of {len(report['seeds'])} seeds")
    print(f"{'':28}" + "".join(f"{key:>12}" for key in METRICS) + f"{'fit s':>9}{'peak MB':>9}")
    rows = [(report["model"]["before"], report), ("popularity", report["popularity"])]
    rows += [(report["lean"]["recipe"], report["lean"])] if report["lean"] else []
    rows += [(peer["method"], peer) for peer in report["peers"] if peer["left_out"] is None]
    for label, row in rows:
        print(f"{label:28}" + "".join(f"{row[key]:12.4f}" for key in METRICS) + _cost(row))
    for peer in report["peers"]:
        if peer["left_out"] is not None:
            print(f"{peer['method']:28}  {peer['left_out']}")
    print("seconds: " + ", ".join(f"{key} {value}" for key, value in report["seconds"].items()))
    print(
        "\npublished on these data:" if report["published"] else "\nNo published table is known for data of this size."
    )
    for row in report["published"]:
        figures = "  ".join(f"{key} {value:.4f}" for key, value in row["figures"].items())
        print(f"  {row['model']:26}{figures}   [{row['source']}]")


def _cost(row: Report) -> str:
    return f"{row['fit_seconds']:9.2f}{row['peak_mb']:9,}" if "fit_seconds" in row else ""
