"""The argument that most programs share: a folder of data that is not ours to bring along."""

import argparse
import os
from pathlib import Path

_OBTAIN = "give one with --data FOLDER or DATA=FOLDER. See docs/how-to/measure.md."


def add_data(parser: argparse.ArgumentParser, what: str) -> None:
    """Let the folder be named by --data, or by the variable DATA."""
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help=f"folder of the {what} (or DATA=…)")


def parse_with_data(parser: argparse.ArgumentParser, *, obtain: str = _OBTAIN) -> argparse.Namespace:
    """Return the arguments with `data` as a folder that is there; ends the program with 2 where it is not."""
    options = parser.parse_args()
    if options.data is None or not Path(options.data).is_dir():
        parser.error(f"there is no data folder {options.data}: {obtain}")
    options.data = Path(options.data)
    return options
