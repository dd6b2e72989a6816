"""Whether features that followed the stream are those that the event table gives, on a year of baskets.

`python -m bench.parity --data FOLDER [--rows N] [--json FILE]`

The Complete Journey (1.47 million lines) goes through intake from several processes into a throwaway stack whose
consumers follow. When they have caught up the features are rebuilt from the table beside those in use, and every state
and every count is compared: integers exactly, floats within 1e-6. Ends with 1 where something differs.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.client import Client, Failed
from bench.environment import environment
from specrec.commands import ROOT, manage
from specrec.embedded import PartsError
from specrec.roles import Stack

OBTAIN = (
    "transactions.parquet and products.parquet of the public package completejourney; docs/how-to/load-a-dataset.md"
)
SITE = "bench-parity"
_ROLES = ("web", "consumer-table", "consumer-features")
# The web only says how far the consumers are.
_VARIABLES = {"SPECREC_WEB_WORKERS": "1"}
_GROUPS = ("table", "features")
_PATIENCE = 600.0


def main() -> int:
    """Load, compare, print, and write JSON where asked; 1 where something differs."""
    asked = _arguments()
    if os.environ.get("SPECREC_URL"):
        sys.exit("This program compares whole stores, so it runs only on a stack of its own: unset SPECREC_URL.")
    try:
        with environment(site_id=SITE, roles=_ROLES, variables=_VARIABLES, twin=asked.twin) as place:
            assert place.stack is not None
            figures = _measure(place.stack, place.client(), asked)
    except (PartsError, Failed) as error:
        sys.exit(f"bench.parity: {error}")
    _show(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if figures["differing_states"] or figures["differing_counts"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("DATA"), metavar="FOLDER", help=f"{OBTAIN} (or DATA=…)"
    )
    parser.add_argument("--rows", type=int, metavar="N", help="the newest N lines only")
    parser.add_argument("--senders", type=int, default=2, help="processes that send at once")
    parser.add_argument("--twin", choices=("postgres", "kafka"), default="postgres", help="what carries the events")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as one JSON object")
    asked = parser.parse_args()
    if asked.data is None or not asked.data.is_dir():
        parser.error(f"there is no data folder {asked.data}: give one with --data FOLDER or DATA=FOLDER. {OBTAIN}")
    return asked


def _measure(stack: Stack, client: Client, asked: argparse.Namespace) -> dict[str, Any]:
    begun = time.monotonic()
    _say(f"sending from {asked.senders} processes")
    rows = ("--rows", str(asked.rows)) if asked.rows else ()
    senders = ("--senders", str(asked.senders))
    words = ("load_dataset", "complete-journey", str(asked.data), "--site", SITE, "--events-only", *senders, *rows)
    loaded = _run(stack, *words)
    if loaded.returncode:
        raise Failed("the events could not be sent")
    sent = time.monotonic()
    _say("waiting until the consumers have caught up")
    _wait_until_caught_up(client)
    followed = time.monotonic()
    _say("rebuilding from the table and comparing")
    checked = _run(stack, "check_features")
    if not checked.stdout.startswith("{"):
        raise Failed("the features could not be compared")
    ended = time.monotonic()
    found: dict[str, Any] = json.loads(checked.stdout.splitlines()[0])
    return {
        "events": _accepted(loaded.stdout),
        "twin": asked.twin,
        "sending_s": round(sent - begun, 1),
        "catching_up_s": round(followed - sent, 1),
        "rebuild_and_compare_s": round(ended - followed, 1),
        "total_s": round(ended - begun, 1),
        **found,
    }


def _run(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a management command whose progress is seen."""
    return subprocess.run(
        manage(*words), env=stack.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )


def _accepted(printed: str) -> int:
    (line,) = (line for line in printed.splitlines() if line.startswith("events: "))
    return int(line.split()[1].replace(",", ""))


def _wait_until_caught_up(client: Client) -> None:
    started = time.monotonic()
    lag: dict[str, int] = {}
    while time.monotonic() - started < _PATIENCE:
        _, answer = client.request("GET", "/v1/events/status")
        lag = msgspec.json.decode(answer).get("lag", {})
        if all(lag.get(group) == 0 for group in _GROUPS):
            return
        time.sleep(0.3)
    raise Failed(f"the consumers did not catch up within {_PATIENCE:.0f} s: {lag}")


def _say(words: str) -> None:
    print(f"bench.parity: {words} …", file=sys.stderr, flush=True)


def _show(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            print(f"{name:<24} {len(value)}", *value, sep="\n  ")
        else:
            print(f"{name:<24} {f'{value:,}' if isinstance(value, int) else value}")


if __name__ == "__main__":
    sys.exit(main())
