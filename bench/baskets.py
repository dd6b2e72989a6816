"""Next baskets of a grocer's year, split by week: what is bought again and what is bought for the first time, apart.

    python -m bench.baskets --data FOLDER [--week 50] [--weeks 4] [--json FILE]

`FOLDER` holds transactions.parquet and products.parquet of the Complete Journey. All is learned from the weeks before
`--week`; asked is the first basket of each household in the `--weeks` from there on. Settings of every method are
chosen in the same way that many weeks earlier. `repeat`: the household's own items ranked, `new`: all others, `all`:
the whole catalogue.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench.arguments import add_data, parse_with_data
from bench.offline.child import ChildFailed, Work, ask_child
from bench.offline.journey import DEPTHS, TASKS
from bench.offline.peers import Peer
from specrec.datasets.base import single_file
from specrec.kernel.errors import Problem

OWN = (
    "popularity",
    "personal frequency",
    "personal frequency, fading",
    "ours: repeats + basket neighbours",
    "ours: repeats + complements",
)
PEERS = (
    Peer("implicit Cosine", "implicit"),
    Peer("implicit BM25", "implicit"),
    Peer("implicit ALS", "implicit"),
)
Report = dict[str, Any]


def main() -> int:
    """Measure, print a table, write JSON where asked; 0 when it measured, 2 for what cannot be measured."""
    options = _options()
    try:
        for name in ("transactions.parquet", "products.parquet"):
            single_file(options.data, name)
    except Problem as problem:
        print(f"bench.baskets: {problem}", file=sys.stderr)
        return 2
    work: Work = {
        "folder": str(options.data.resolve()),
        "week": options.week,
        "weeks": options.weeks,
        "seed": options.seed,
    }
    with tqdm(total=len(OWN) + len(PEERS), unit=" methods", disable=None, file=sys.stderr) as bar:
        rows = [_row(bar, "bench.offline.baskets_own", name, work) for name in OWN]
        for peer in PEERS:
            reason = peer.why_not(0)
            module = f"bench.offline.baskets_{peer.package}"
            rows.append({"method": peer.method, "left_out": reason} if reason else _row(bar, module, peer.method, work))
    report: Report = {"week": options.week, "weeks": options.weeks, "seed": options.seed, "rows": rows}
    _print(report, options.data.name)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 0


def _row(bar: "tqdm[Any]", module: str, method: str, work: Work) -> Report:
    bar.set_description(method)
    try:
        found = ask_child(module, work | {"method": method})
    except ChildFailed as failure:
        return {"method": method, "left_out": str(failure)}
    bar.update()
    return {"method": method, "left_out": None} | found


def _print(report: Report, name: str) -> None:
    asked = max((row["asked"] for row in report["rows"] if row["left_out"] is None), default=0)
    until = report["week"] + report["weeks"] - 1
    print(f"\n{name}: {asked:,} households, first basket in weeks {report['week']} to {until}, learned from all before")
    keys = [f"{task} {metric}@{depth}" for task in TASKS for depth in DEPTHS for metric in ("recall", "ndcg")]
    print(f"{'':36}" + "".join(f"{key:>18}" for key in keys) + f"{'fit s':>8}{'peak MB':>9}")
    for row in report["rows"]:
        if row["left_out"] is not None:
            print(f"{row['method']:36}  {row['left_out']}")
            continue
        cost = f"{row['fit_seconds']:8.1f}{row['peak_mb']:9,}"
        print(f"{row['method']:36}" + "".join(f"{row[key]:18.4f}" for key in keys) + cost)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data(parser, "data")
    parser.add_argument("--week", type=int, default=50, help="the first week that nothing is learned from")
    parser.add_argument("--weeks", type=int, default=4, help="how many weeks a household may take to come again")
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--json", type=Path, help="write the figures here as one JSON object")
    return parse_with_data(parser)


if __name__ == "__main__":
    sys.exit(main())
