"""`manage.py experiments ACTION SITE [KEY]`: see the experiments of a site, start, stop, and what came of them."""

from argparse import ArgumentParser
from typing import Any

import msgspec

from apps.recommend import api
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentResults
from specrec.kernel import clock, commands

_ACTIONS = {
    "list": "every experiment with its state and why it has it, newest first",
    "show": "one experiment as JSON",
    "start": "let a draft run",
    "stop": "end a running experiment; its figures stay",
    "results": "what came of it until now",
}


class Command(commands.Command):
    help = "List the experiments of a site, look at one, start and stop it, and see what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name what to do, and with which experiment."""
        actions = parser.add_subparsers(dest="action", required=True)
        for name, words in _ACTIONS.items():
            action = actions.add_parser(name, help=words)
            action.add_argument("site", help="the site's slug")
            if name != "list":
                action.add_argument("experiment", help="its key, as `experiments list` shows it")
            if name == "stop":
                action.add_argument("--note", default="", help="why, in words")
                action.add_argument("--conclude", action="store_true", help="that is a verdict")

    def handle(self, *_: Any, action: str, site: str, experiment: str = "", **options: Any) -> None:
        """Do it."""
        now = clock.now()
        if action == "list":
            for info in api.list_experiments(site_id=site):
                self._tell(info)
        elif action == "show":
            found = msgspec.json.encode(api.show_experiment(site_id=site, experiment=experiment))
            self.stdout.write(msgspec.json.format(found, indent=2).decode())
        elif action == "start":
            self._tell(api.start_experiment(site_id=site, experiment=experiment, now=now))
        elif action == "stop":
            note, conclude = options["note"], options["conclude"]
            self._tell(api.stop_experiment(site_id=site, experiment=experiment, now=now, note=note, conclude=conclude))
        else:
            self._results(api.see_results(site_id=site, experiment=experiment, now=now))

    def _tell(self, info: ExperimentInfo) -> None:
        written = info.written
        sides = " ".join(variant.variant for variant in written.variants)
        self.stdout.write(f"{written.experiment:24} {info.state:9} {written.metric:19} {sides}  {info.note}")

    def _results(self, results: ExperimentResults) -> None:
        units = ", ".join(f"{name} {count:,}" for name, count in results.units.items())
        self.stdout.write(f"{results.experiment} until {results.until:%Y-%m-%d %H:%M}: {units}")
        for warning in results.warnings:
            self.stdout.write(f"  ! {warning}")
        for one in results.results:
            difference = "too few to say" if one.difference is None else f"{one.difference:+.1%}"
            if one.low is not None and one.high is not None:
                difference += f" ({one.low:+.1%} to {one.high:+.1%})"
            cells = f"{_figure(one.control_mean)} {_figure(one.mean)}"
            self.stdout.write(f"  {one.metric:20} {one.variant:16} {cells}  {difference}")
        self.stdout.write(results.verdict)


def _figure(value: float | None) -> str:
    return f"{'-' if value is None else format(value, '.4f'):>10}"
