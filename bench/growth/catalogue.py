"""A large catalogue of a site, made as its base of columns directly: no item goes through a door or into the database.

The items are those of `bench.serving` (the same ids, names, brands and prices), with stock at twenty stores, prices
before, costs, sizes and colours. Run it in the environment of a stack whose site is there; it prints one JSON object.
"""

import argparse
import json
import time
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings


def main() -> None:
    """Make the base, and say how long it took and how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", required=True)
    parser.add_argument("--items", type=int, default=1_000_000)
    options = parser.parse_args()
    django.setup()  # what makes the items reads the models, which are there from now on
    started = time.perf_counter()
    base_id = import_module("bench.growth.items").make(options.site, options.items)
    seconds = time.perf_counter() - started
    folder = Path(settings.BLOBS_DIR) / "columns" / options.site / base_id
    megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
    print(json.dumps({"items": options.items, "build_s": round(seconds, 1), "base_mb": round(megabytes)}))


if __name__ == "__main__":
    main()
