"""Recommendation quality on a public data set, through the front door or, with --offline, of the engine alone.

    python -m bench.quality --data FOLDER --format sequences|sessions [--offline] [--json FILE]

Through the front door (`bench.quality_served`) the data goes in as events, the product trains, and its HTTP API is
asked. Offline (`bench.quality_offline`) one recipe for every data set of a format is fitted in a process of its own
with three seeds, the lean recipe beside it, then popularity and the methods of other libraries on the same questions.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from bench.arguments import add_data, parse_with_data
from bench.quality_offline import measure_offline, print_offline
from bench.quality_served import measure_served, print_served
from specrec.kernel.errors import Problem

OBTAIN = (
    "give one with --data FOLDER or DATA=FOLDER. Amazon Beauty: Beauty.txt and Beauty_item2attributes.json of the "
    "public repository RUCAIBox/CIKM2020-S3Rec. See docs/how-to/measure.md."
)


def main() -> int:
    """Measure, print a table, write JSON where asked; 0 when it measured, 2 for what cannot be measured."""
    options = _options()
    try:
        report = measure_offline(options) if options.offline else measure_served(options)
    except Problem as problem:
        print(f"bench.quality: {problem}", file=sys.stderr)
        return 2
    (print_offline if options.offline else print_served)(report, options.data.name)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data(parser, "data set")
    parser.add_argument("--format", choices=("sequences", "sessions"), default="sequences")
    parser.add_argument("--json", type=Path, help="write the figures here as one JSON object")
    parser.add_argument("--limit", type=int, default=0, help="ask only the first N questions (0: all)")
    parser.add_argument("--offline", action="store_true", help="the engine alone, beside other libraries' methods")
    offline = parser.add_argument_group("with --offline")
    offline.add_argument("--recipe", help="label or TOML file of another recipe than the one for this format")
    offline.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="one fit for each; the figures: mean")
    offline.add_argument("--peers", choices=("all", "quick", "none"), default="all", help="quick: without EASE and BPR")
    return parse_with_data(parser, obtain=OBTAIN)


if __name__ == "__main__":
    sys.exit(main())
