"""`make demo`: start the whole of specrec on this machine, fill it once, and open the shop until Ctrl-C."""

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from demo.door import Refused
from demo.seeding import Seeding, Size
from specrec.processes.folder import PartsError
from specrec.roles import ROOT, Stack, chosen_port, run_stack

PORT = 8800
_STARTED = time.monotonic()


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    url: str
    keys: dict[str, dict[str, str]] = field(repr=False)
    stack: Stack = field(repr=False)


@contextmanager
def run_demo(folder: Path, *, port: int | None, size: Size | None = None) -> Iterator[Demo]:
    """Run the demo with its data in the folder: filled and trained when the block begins, stopped when it ends."""
    variables = {"SPECREC_DEMO_FOLDER": str(folder), "SPECREC_LOG_LEVEL": "WARNING"}
    with run_stack(folder, port=port, settings="demo.settings", environment=variables) as stack:
        _leave_variables(stack, folder / "env")
        say(f"PostgreSQL, Redis, web, worker and consumers run on {stack.url}")
        keys = Seeding(stack, folder=folder, size=size or Size(), say=say).run()
        yield Demo(url=stack.url, keys=keys, stack=stack)


def _leave_variables(stack: Stack, path: Path) -> None:
    """Write what `manage.py` needs in another terminal, for this account only."""
    named = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    chosen = {name: value for name, value in stack.environment.items() if name in named or name.startswith("SPECREC_")}
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(chosen.items())))


def say(words: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - _STARTED:6.1f} s  {words}", flush=True)


def main() -> int:
    """Run until SIGINT or SIGTERM."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    folder = Path(os.environ.get("SPECREC_DATA_DIR", str(ROOT / ".specrec" / "demo"))).expanduser().absolute()
    try:
        with run_demo(folder, port=chosen_port(PORT)) as demo:
            print(_greeting(demo), flush=True)
            stopping.wait()
    except KeyboardInterrupt:
        print("\nstopped; the data stays in", folder)
        return 0
    except (PartsError, Refused) as error:
        print(f"The demo could not start: {error}", file=sys.stderr)
        return 1
    return 0


def _greeting(demo: Demo) -> str:
    key, admin = demo.keys["uk"]["publishable"], demo.keys["admin"]
    asked = '{"placement": "home-for-you", "shopper": {"anonymous_id": "demo-uk-ada"}, "limit": 3}'
    query = 'recommendations(input: {placement: \\"home-popular\\", limit: 3}) { items { itemId name price } }'
    lines = (
        "",
        f"  The shop      {demo.url}/",
        f"  GraphiQL      {demo.url}/graphql    (header: Authorization: Bearer {key})",
        f"  REST          {demo.url}/v1/docs",
        f"  Admin         {demo.url}/admin/    user {admin['user']}, password {admin['password']}",
        f"  manage.py     . {shlex.quote(str(demo.stack.parts.folder / 'env'))}    (in a terminal of its own)",
        "",
        f"  curl -s {demo.url}/v1/recommendations -H 'Authorization: Bearer {key}' \\",
        f"    -H 'Content-Type: application/json' -d '{asked}'",
        "",
        f"  curl -s {demo.url}/graphql -H 'Authorization: Bearer {key}' \\",
        f"    -H 'Content-Type: application/json' -d '{{\"query\": \"{{ {query} }}\"}}'",
        "",
        "  Ctrl-C stops everything.",
        "",
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
