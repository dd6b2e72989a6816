"""`manage.py replay_dead_letters`: try dead letters again."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from apps.tracking import api
from specrec.kernel import clock, commands


class Command(commands.Command):
    """Write dead letters to their table, or put those that nobody could read into the stream again."""

    help = "Try dead letters again, once what made them so is mended; all of them when nothing is chosen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which letters."""
        parser.add_argument("--id", type=int, nargs="+", dest="ids", metavar="N", help="these, by their number")
        parser.add_argument("--cause", choices=("unreadable", "refused"), help="those of this cause")
        parser.add_argument("--kind", help="those of this kind of record, for example event")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *, ids: list[int] | None, cause: str | None, kind: str | None, dry_run: bool, **_: Any) -> None:
        """Replay and say what became of them."""
        chosen: dict[str, Any] = {"ids": ids, "cause": cause, "kind": kind}
        total = api.count_dead_letters(**chosen)
        if dry_run:
            self.stdout.write(f"{total:,} dead letters would be replayed")
            return
        with tqdm(total=total, unit=" letters", desc="letters") as bar:
            result = api.replay_dead_letters(now=clock.now(), progress=bar.update, **chosen)
        self.stdout.write(
            f"{result.written:,} written to their table, {result.streamed:,} put into the stream again, "
            f"{result.still_dead:,} still dead"
        )
