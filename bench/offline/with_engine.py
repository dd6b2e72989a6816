"""The child that fits one of the product's recipes with one seed and asks it everything."""

from pathlib import Path

from apps.recommend.ml.warming import warm_up
from bench import offline_engine
from bench.offline.child import Stopwatch, Work, answer_parent
from bench.offline.data import read
from bench.offline.places import figures


def measure(work: Work) -> Work:
    """Return the figures of a recipe. `limit`: only so many questions; `changes`: parameters by their path."""
    watch = Stopwatch()
    warm_up()
    watch.lap("compile")  # or load what was compiled before: once on a machine, and not once a training
    data = read(Path(work["folder"]), work["format"], asked=work.get("asked", "test"))
    recipe = offline_engine.with_changes(offline_engine.recipe_named(work["method"]), work.get("changes", {}))
    watch.lap("read")
    engine = offline_engine.fit(recipe, data.train, data.described, seed=work["seed"])
    watch.lap("fit")
    questions = data.questions.first(work["limit"])
    answers = offline_engine.answer(engine, questions)
    watch.lap("ask")
    return figures(answers) | {
        "asked": len(questions),
        "fit_seconds": watch.seconds["fit"],
        "seconds": watch.seconds,
        "seed": work["seed"],
        "recipe": recipe.label,
    }


if __name__ == "__main__":
    answer_parent(measure)
