"""A large catalogue, built as the catalogue itself would build it, without sending every item through the doors."""

import json
import subprocess
import sys
from typing import Any

from specrec.commands import ROOT
from specrec.embedded import PartsError
from specrec.roles import Stack


def build(stack: Stack, *, site_id: str, items: int) -> dict[str, Any]:
    """Build so many items of the site in a process of its own and return what it says: `build_s` and `base_mb`.

    Raises PartsError with its words when it fails.
    """
    argv = [sys.executable, "-m", "bench.growth.catalogue", "--site", site_id, "--items", str(items)]
    done = subprocess.run(
        argv, env=stack.environment, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise PartsError(f"`{' '.join(argv[2:])}` failed:\n{done.stdout[-2_000:]}{done.stderr[-4_000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))
