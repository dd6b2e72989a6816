"""How training grows: everything fitted on 1, 3 and 10 million synthetic events, each fit in a process of its own.

    python -m bench.training [--events N…] [--items N] [--recipe NAME] [--json FILE]
    python -m bench.training --spark FOLDER

Prints seconds and peak memory of each step and the slopes: n events cost n ** slope, so that 1 is in proportion. With
--spark it counts the baskets of the Complete Journey in this process and on Spark instead, and compares the numbers;
it exits with 1 where they differ by more than rounding.
"""

import argparse
import math
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench.growth.synthetic import ITEMS
from bench.growth.twins import TOLERANCE, compare_twins
from bench.offline.child import ChildFailed, ask_child
from specrec.kernel.errors import Problem

MILLION = 1_000_000
BUDGET_EVENTS, BUDGET_SECONDS, BUDGET_MB = 10 * MILLION, 300, 4_096
LEAST = 1_000
LOCAL_SPARK = "spark-submit --master local[*] --driver-memory 4g --conf spark.ui.enabled=false"


def main() -> int:
    """Measure, print, write JSON where asked; 0 when it measured, 1 for twins that differ, 2 for what cannot be."""
    options = _options()
    try:
        report = compare_twins(options.spark, submit=options.submit) if options.spark else _measure(options)
    except (Problem, ChildFailed) as problem:
        print(f"bench.training: {problem}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    if options.spark:
        return _print_twins(report)
    _print(report)
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    sizes = []
    for count in tqdm(sorted(options.events), desc="fits", disable=not sys.stderr.isatty()):
        with tempfile.TemporaryDirectory(prefix="specrec-bench-") as folder:
            work = {"events": count, "items": options.items, "seed": options.seed, "folder": folder}
            made = ask_child("bench.growth.synthetic", work | {"method": f"{count} synthetic events"})
            fitted = ask_child("bench.growth.fit", work | {"method": f"the fit of {count}", "recipe": options.recipe})
        fitted["peak_mb"] = fitted.pop("highest_mb")  # of the fit alone, not of what came before it in the process
        sizes.append(fitted | {"events": made["events"], "shoppers": made["shoppers"]})
    return {"items": options.items, "recipe": options.recipe, "sizes": sizes, "slopes": _slopes(sizes)}


def _slopes(sizes: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return from each size to the next the exponents by which seconds, memory and pairs grow."""
    return [
        {
            name: round(math.log(after[name] / before[name]) / math.log(after["events"] / before["events"]), 3)
            for name in ("seconds", "peak_mb", "pairs")
        }
        for before, after in pairwise(sizes)
    ]


def _print(report: dict[str, Any]) -> None:
    sizes = report["sizes"]
    print(f"\n{report['items']:,} items, recipe {report['recipe']}; seconds and MB at the highest, by step")
    print(f"{'':24}" + "".join(f"{size['events']:>20,}" for size in sizes) + "   events")
    for name in sizes[-1]["steps"]:
        print(f"{name:24}" + "".join(_cell(size["steps"].get(name, {})) for size in sizes))
    print(f"{'all':24}" + "".join(_cell(size) for size in sizes))
    print(f"{'pairs':24}" + "".join(f"{size['pairs']:20,}" for size in sizes))
    print(f"{'first compilation':24}" + "".join(f"{size['compile_seconds']:11.2f} {'':8}" for size in sizes))
    for slope in report["slopes"]:
        print("slope: " + ", ".join(f"{name} {value}" for name, value in slope.items()))
    for size in sizes:
        if size["events"] == BUDGET_EVENTS:
            print(
                f"budget of 10 million: {size['seconds']:.0f} of {BUDGET_SECONDS} s, "
                f"{size['peak_mb']:,} of {BUDGET_MB:,} MB"
            )


def _cell(step: dict[str, Any]) -> str:
    highest = f"{step['peak_mb']:,.0f}" if "peak_mb" in step else ""
    return f"{step['seconds']:11.2f} {highest:>8}" if step else " " * 20


def _print_twins(report: dict[str, Any]) -> int:
    print(
        f"\n{report['events']:,} lines of baskets, {report['items']:,} items: in this process "
        f"{report['local_seconds']} s, on Spark {report['spark_seconds']} s"
    )
    for name, value in report["difference"].items():
        said = "other pairs" if value < 0 else f"largest relative difference {value:.1e}"
        print(f"{name}: {report['pairs'][name]:,} pairs, {said}")
    return 0 if all(0 <= value <= TOLERANCE for value in report["difference"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[MILLION, 3 * MILLION, 10 * MILLION])
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--recipe", default="shop-1", help="label or TOML file of what is fitted")
    parser.add_argument("--seed", type=int, default=20_261_123)
    parser.add_argument("--json", type=Path, help="write the figures here as one JSON object")
    parser.add_argument("--spark", type=Path, metavar="FOLDER", help="compare the twins on the Complete Journey there")
    parser.add_argument("--submit", default=LOCAL_SPARK, help="with --spark: the command that runs a program on Spark")
    options = parser.parse_args()
    if min(*options.events, options.items) < LEAST:
        parser.error(f"below {LEAST:,} events or items there is nothing to measure")
    if options.spark and not options.spark.is_dir():
        parser.error(f"there is no data folder {options.spark}: see docs/how-to/load-a-dataset.md")
    return options


if __name__ == "__main__":
    sys.exit(main())
