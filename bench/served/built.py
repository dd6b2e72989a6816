"""A large catalogue, built as the catalogue itself would build it, without sending every item through the doors."""

import subprocess
import sys

from specrec.commands import ROOT
from specrec.embedded import PartsError
from specrec.roles import Stack


def build(stack: Stack, *, site_id: str, items: int) -> None:
    """Build so many items of the site, in a process of its own; PartsError with its words when it fails."""
    argv = [sys.executable, "-m", "bench.growth.catalogue", "--site", site_id, "--items", str(items)]
    done = subprocess.run(
        argv, env=stack.environment, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise PartsError(f"`{' '.join(argv[2:])}` failed:\n{done.stdout[-2_000:]}{done.stderr[-4_000:]}")
