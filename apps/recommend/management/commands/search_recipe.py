"""`manage.py search_recipe SITE --trials N`: the parameters that are best on a site's own data, as TOML."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from apps.recommend import api
from apps.recommend.contracts.models import Searched
from specrec.kernel import clock, commands

try:
    import optuna
except ModuleNotFoundError:  # it is in the extra `search`
    optuna = None  # type: ignore[assignment]  # what follows asks for it

_WIDE = 20  # a range whose ends are further apart than this is gone through by factors

Objective = Callable[[Mapping[str, int | float]], float]


class Command(commands.Command):
    help = "Search the parameters of a recipe on a site's own data and print the best as TOML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", help="the site's slug")
        parser.add_argument("--recipe", help="name or label, instead of the one of the site's schedule")
        parser.add_argument("--name", default="found", help="what the found recipe is called (found)")
        parser.add_argument("--trials", type=int, default=40, help="how many values are tried (40)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and data find the same (1)")

    def handle(self, *, site: str, recipe: str | None, name: str, trials: int, **options: Any) -> None:
        if optuna is None:
            raise CommandError("A search needs optuna: pip install specrec[search].")
        if trials < 1:
            raise CommandError("--trials: at least one.")
        optuna.logging.set_verbosity(optuna.logging.WARNING)

        def optimise(space: Sequence[Searched], objective: Objective) -> dict[str, int | float]:
            study = optuna.create_study(
                direction="maximize", sampler=optuna.samplers.TPESampler(seed=options["seed"], multivariate=True)
            )
            study.enqueue_trial({one.name: one.usual for one in space})
            with tqdm(total=trials, unit=" trials", file=sys.stderr, disable=options["verbosity"] == 0) as bar:

                def told(found: "optuna.Study", _trial: "optuna.trial.FrozenTrial") -> None:
                    bar.set_postfix_str(f"best {found.best_value:.4f}", refresh=False)
                    bar.update()

                study.optimize(lambda trial: objective(_chosen(trial, space)), n_trials=trials, callbacks=[told])
            return dict(study.best_params)

        found = api.search_recipe(site_id=site, now=clock.now(), optimise=optimise, recipe=recipe, name=name)
        self.stdout.write(found, ending="")


def _chosen(trial: "optuna.Trial", space: Sequence[Searched]) -> dict[str, int | float]:
    """Return one value for each parameter."""
    return {one.name: _suggested(trial, one) for one in space}


def _suggested(trial: "optuna.Trial", one: Searched) -> int | float:
    if isinstance(one.low, int) and isinstance(one.high, int):
        return trial.suggest_int(one.name, one.low, one.high)
    wide = one.low > 0 and one.high / one.low >= _WIDE
    return trial.suggest_float(one.name, float(one.low), float(one.high), log=wide)
