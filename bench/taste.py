"""Taste without order: ratings in random folds, every unseen item ranked, several right answers a user.

    python -m bench.taste --data FOLDER [--folds 5] [--seed 20261122] [--json FILE]

`FOLDER` holds one `*.inter` file of tab-separated columns user_id, item_id, timestamp (ML-100K as RecBole has it).
Settings of every method are chosen in each fold on an eighth of what it may learn from. A shop's models live on order,
which random folds take away: the last lines say what that costs, beside what has no use for order.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench import offline_engine
from bench.arguments import add_data, parse_with_data
from bench.offline.child import ChildFailed, Work, ask_child
from bench.offline.peers import Peer
from bench.offline.taste_folds import read_ratings
from specrec.kernel.errors import Problem

OWN = ("popularity", "ours: item neighbours", "ours: co-visitation", "ours: shrunken SVD", "ours: SVD + co-visitation")
PEERS = (
    Peer("implicit BPR", "implicit"),
    Peer("implicit WRMF", "implicit"),
    Peer("cornac EASE", "cornac", square=True),
)
BEST = "ours: SVD + co-visitation"
Report = dict[str, Any]


def main() -> int:
    """Measure, print a table, write JSON where asked; 0 when it measured, 2 for what cannot be measured."""
    options = _options()
    work: Work = {"folder": str(options.data.resolve()), "folds": options.folds, "seed": options.seed}
    try:
        ratings = read_ratings(options.data)
    except Problem as problem:
        print(f"bench.taste: {problem}", file=sys.stderr)
        return 2
    recipe = offline_engine.recipe_for("sequences")
    with tqdm(total=len(OWN) + len(PEERS) + 1, unit=" methods", disable=None, file=sys.stderr) as bar:
        rows = [_asked(bar, "bench.offline.taste_own", work | {"method": name}) for name in OWN]
        rows.append(_asked(bar, "bench.offline.taste_engine", work | {"method": f"ours: {recipe}", "recipe": recipe}))
        rows += [_peer(bar, peer, ratings.n_items, work) for peer in PEERS]
    report = {"size": {"users": ratings.n_users, "items": ratings.n_items, "ratings": len(ratings.user)}, "rows": rows}
    report |= {"folds": options.folds, "seed": options.seed, "cost": _cost(rows)}
    _print(report, options.data.name)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 0


def _asked(bar: "tqdm[Any]", module: str, work: Work) -> Report:
    bar.set_description(str(work["method"]))
    found = ask_child(module, work)
    bar.update()
    bar.write(f"{work['method']}: ndcg@10 {found['ndcg@10']:.4f}", file=sys.stderr)
    return {"method": work["method"], "left_out": None} | found


def _peer(bar: "tqdm[Any]", peer: Peer, n_items: int, work: Work) -> Report:
    reason = peer.why_not(n_items)
    if reason is None:
        try:
            return _asked(bar, f"bench.offline.taste_{peer.package}", work | {"method": peer.method})
        except ChildFailed as failure:
            reason = str(failure)
    bar.update()
    return {"method": peer.method, "left_out": reason}


def _cost(rows: list[Report]) -> Report:
    """Return NDCG@10 of the recipe that lives on order, of our best for taste, and each beside the best peer."""
    value = {row["method"]: row["ndcg@10"] for row in rows if row["left_out"] is None}
    peers = {peer.method: value[peer.method] for peer in PEERS if peer.method in value}
    best = max(peers, key=lambda name: peers[name], default=None)
    recipe = next(name for name in value if name.startswith("ours: ") and name not in OWN)
    found = {"recipe": recipe, "recipe_ndcg@10": value[recipe], "taste": BEST, "taste_ndcg@10": value[BEST]}
    found["order_alone_costs"] = round(1.0 - value[recipe] / value[BEST], 4)
    if best is not None:
        found |= {"best_peer": best, "best_peer_ndcg@10": peers[best]}
        found["taste_beside_best_peer"] = round(value[BEST] / peers[best] - 1.0, 4)
    return found


def _print(report: Report, name: str) -> None:
    size = ", ".join(f"{value:,} {key}" for key, value in report["size"].items())
    print(f"\n{name}: {size}; {report['folds']} random folds, seed {report['seed']}; every unseen item ranked")
    print(f"{'':28}{'ndcg@10':>10}{'recall@10':>11}   ndcg@10 by fold")
    for row in report["rows"]:
        if row["left_out"] is not None:
            print(f"{row['method']:28}  {row['left_out']}")
            continue
        by_fold = "  ".join(f"{fold['ndcg@10']:.4f}" for fold in row["folds"])
        print(f"{row['method']:28}{row['ndcg@10']:10.4f}{row['recall@10']:11.4f}   {by_fold}")
    cost = report["cost"]
    recipe, taste = cost["recipe_ndcg@10"], cost["taste_ndcg@10"]
    behind = f"is {cost['order_alone_costs']:.0%} behind {BEST} ({taste:.4f})"
    print(f"\nWithout order {cost['recipe']} ({recipe:.4f}) {behind}.")
    if "best_peer" in cost:
        ratio, peer = cost["taste_beside_best_peer"], cost["best_peer_ndcg@10"]
        print(f"{BEST} is {ratio:+.1%} beside the best of the others, {cost['best_peer']} ({peer:.4f}).")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data(parser, "ratings")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20_261_122, help="of the folds and of all methods")
    parser.add_argument("--json", type=Path, help="write the figures here as one JSON object")
    return parse_with_data(parser)


if __name__ == "__main__":
    sys.exit(main())
