"""Search a recipe's parameters on what may be looked at: the validation item, or the newest training sessions.

    python -m bench.tune --data FOLDER --format sequences|sessions [--space FILE.toml] [--trials 40] [--out FILE.toml]

What is asked in the published protocol, the last item of a shopper and the test prefixes, is never asked here. A recipe
says in its [search.…] sections between what to choose; --space names a file that says something else: a table for each
algorithm, `[covisitation]` `window = [4, 20]`. Two whole numbers are searched as such; a list of more than two values,
of texts or of truths, is a choice among them. What is printed is TOML: the best parameters, to be taken over by hand.
"""

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

import optuna

from bench import offline_engine
from bench.arguments import add_data, parse_with_data
from bench.offline.child import ChildFailed, Work, ask_child
from specrec.kernel.errors import Invalid, Problem

Choice = list[Any]


def main() -> int:
    """Search, print the best as TOML; 0 when something was found, 2 for what cannot be searched."""
    options = _options()
    try:
        recipe = offline_engine.recipe_named(options.recipe or offline_engine.recipe_for(options.format))
        space = read_space(options.space) if options.space else space_of(recipe.search, source=recipe.label)
        offline_engine.with_changes(recipe, {path: choice[0] for path, choice in space.items()})
    except Problem as problem:
        print(f"bench.tune: {problem}", file=sys.stderr)
        return 2
    work: Work = {
        "folder": str(options.data.resolve()),
        "format": options.format,
        "asked": "validation",
        "limit": options.limit,
        "seed": options.seed,
        "method": options.recipe or offline_engine.recipe_for(options.format),
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=options.seed))
    before = ask_child("bench.offline.with_engine", work)[options.metric]
    study.optimize(lambda trial: _score(trial, space, work, options), n_trials=options.trials, show_progress_bar=True)
    done = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    if not done:
        print("bench.tune: no trial gave figures; the messages above say why", file=sys.stderr)
        return 2
    told = f"# {options.metric} on validation: {study.best_value:.5f}, {before:.5f} with {recipe.label} as it is"
    text = "\n".join([told, *to_toml(study.best_params)])
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


def read_space(path: Path) -> dict[str, Choice]:
    """Return what the file says; raises Invalid where it cannot be read, or names what is no range and no choice."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} cannot be read as TOML: {error}.", code="bad_space", field="space") from error
    return space_of(document, source=path.name)


def space_of(document: dict[str, Any], *, source: str) -> dict[str, Choice]:
    """Return by "algorithm.parameter" what to choose from; raises Invalid for what is none, and for nothing."""
    space: dict[str, Choice] = {}
    for algorithm, ranges in document.items():
        for name, choice in ranges.items() if isinstance(ranges, dict) else [("", ranges)]:
            if not isinstance(choice, list | tuple) or len(choice) < 2 or not name:  # noqa: PLR2004 - two ends, or values
                message = f"{source}, {algorithm}.{name}: give [low, high], or a list of values to choose from."
                raise Invalid(message, code="bad_space", field=f"{algorithm}.{name}")
            space[f"{algorithm}.{name}"] = list(choice)
    if not space:
        raise Invalid(f"{source} names nothing to choose from: see --space.", code="bad_space", field="space")
    return space


def suggest(trial: optuna.trial.BaseTrial, name: str, choice: Choice) -> Any:
    """Return a value between two numbers, or one of the values."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in choice)
    if not numbers or len(choice) > 2:  # noqa: PLR2004 - not two ends
        return trial.suggest_categorical(name, choice)
    low, high = choice
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high)
    return trial.suggest_float(name, float(low), float(high))


def to_toml(found: dict[str, Any]) -> list[str]:
    """Return the parameters as lines, a table for each algorithm."""
    lines = []
    for algorithm in sorted({path.partition(".")[0] for path in found}):
        lines.append(f"\n[algorithms.{algorithm}]")
        for path, value in found.items():
            if path.startswith(f"{algorithm}."):
                shown = str(value).lower() if isinstance(value, bool) else repr(value)
                lines.append(f"{path.partition('.')[2]} = {shown.replace(chr(39), chr(34))}")
    return lines


def _score(trial: optuna.Trial, space: dict[str, Choice], work: Work, options: argparse.Namespace) -> float:
    changes = {path: suggest(trial, path, choice) for path, choice in space.items()}
    try:
        return float(ask_child("bench.offline.with_engine", work | {"changes": changes})[options.metric])
    except ChildFailed as failure:
        print(f"bench.tune: {failure}", file=sys.stderr)
        raise optuna.TrialPruned from failure


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data(parser, "data set")
    parser.add_argument("--format", choices=("sequences", "sessions"), default="sequences")
    parser.add_argument("--space", type=Path, help="TOML file that says between what to choose, else the recipe does")
    parser.add_argument("--recipe", help="label or TOML file; default: the one for the format")
    parser.add_argument("--metric", default="ndcg@10", help="what is made as great as can be")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--limit", type=int, default=0, help="ask only the first N questions (0: all)")
    parser.add_argument("--seed", type=int, default=1, help="of the search and of every fit")
    parser.add_argument("--out", type=Path, help="write what is printed here as well")
    return parse_with_data(parser)


if __name__ == "__main__":
    sys.exit(main())
