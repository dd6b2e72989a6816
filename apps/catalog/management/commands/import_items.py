"""`manage.py import_items SITE FILE`: the bulk import of `/v1/items/bulk`, from a file and with a progress bar."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from apps.catalog import api
from apps.catalog.contracts import ImportStatus
from specrec.kernel import clock, commands

SHOWN_ERRORS = 20


class Command(commands.Command):
    """Exits with 1 when a line was refused; the good lines are applied all the same."""

    help = "Import items (JSON Lines) into the catalogue of a site. Importing the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name site and file."""
        parser.add_argument("site", help="Slug of the site, such as uk.")
        parser.add_argument("file", type=Path, help="One item a line, as in POST /v1/items; at most 64 MB.")

    def handle(self, *_: Any, site: str, file: Path, **options: Any) -> None:
        """Import the file."""
        try:
            data = file.read_bytes()
        except OSError as error:
            message = f"Cannot read {file}: {error.strerror}."
            raise CommandError(message) from error
        status = self._import(site, data, quiet=options["verbosity"] == 0)
        self.stdout.write(f"{status.lines_done:,} lines applied, {status.lines_failed:,} refused. {status.message}")
        if status.lines_failed:
            report = api.get_import_errors(site_id=site, import_id=status.import_id).decode().splitlines()
            self.stderr.write("\n".join(report[:SHOWN_ERRORS]))
            message = f"{status.lines_failed:,} lines were refused (the first {SHOWN_ERRORS} above)."
            raise CommandError(message)

    def _import(self, site: str, data: bytes, *, quiet: bool) -> ImportStatus:
        status = api.start_import(site_id=site, data=data, now=clock.now(), background=False)
        with tqdm(total=status.lines_total, unit="line", file=sys.stderr, disable=quiet) as bar:

            def show(current: ImportStatus) -> None:
                bar.update(current.lines_done + current.lines_failed - bar.n)

            api.run_import(import_id=status.import_id, now_fn=clock.now, on_progress=show)
        return api.get_import(site_id=site, import_id=status.import_id)
