"""A refresh: what follows the events is made anew, what is costly or made of the catalogue is kept.

Counts and popularity come from the events of now, on the rows of the promoted version; its content neighbours, vectors
and vocabulary stay. Items that came since wait for the next training. It passes the same gate, with fewer questions.
"""

from dataclasses import replace
from datetime import datetime

import msgspec

from apps.recommend import selectors
from apps.recommend.ml.tokens import Described
from apps.recommend.models import ModelVersion, TrainingRun
from apps.recommend.registry import habit_arrays
from apps.recommend.registry.artifacts import Arrays, Artifact, read_artifact
from apps.recommend.registry.unpacked import LoadedModel, decode_ids, to_loaded
from apps.recommend.training import compare, gate, versions
from apps.recommend.training.dataset import Happened, TrainingData, load_happened
from apps.recommend.training.fit import by_keeping
from apps.recommend.training.habits import load_bought, renew_habits
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.runs import Progress
from apps.recommend.training.site_recipe import site_recipe
from apps.recommend.training.versions import Made
from specrec.kernel.errors import Conflict

MAX_CASES = 1_000  # a tenth of a second; the training before it was asked with more


def refresh_site(run: TrainingRun, now: datetime, progress: Progress) -> ModelVersion:
    """Make a version of the promoted one and the events of now; raises Conflict where that cannot be."""
    site_id = run.site_id
    with progress.step("data"):
        promoted, artifact, recipe = _base(site_id)
        loaded = to_loaded(artifact)
        data = load_happened(site_id=site_id, recipe=recipe, row_of=loaded.row_of, now=now)
    with progress.step("evaluation"):
        whole, honest = _with_items(data, artifact.arrays, loaded), by_keeping(recipe, loaded.engine, vectors=False)
        evaluated = compare.evaluate_beside(site_id=site_id, data=whole, recipe=recipe, fit=honest)
    with progress.step("fit"):
        fit = by_keeping(recipe, loaded.engine)
        fitted = evaluated.adopt(fit(data.sequences, data.all_events))
    with progress.step("artifact"):
        bought = load_bought(site_id=site_id, recipe=recipe, row_of=loaded.row_of, now=now)
        item_types = decode_ids(artifact.arrays["item_types"])
        habits = renew_habits(loaded=loaded, item_types=item_types, data=data, bought=bought)
        made = Made(
            recipe=recipe,
            data=data,
            fitted=fitted,
            arrays=artifact.arrays | ({} if habits is None else habit_arrays.to_arrays(habits)),
            metrics=evaluated.figures,
            extra={"refreshed_from": promoted.parameters.get("refreshed_from", promoted.stamp)},
        )
        version = versions.store_version(site_id=site_id, made=made, now=now)
    with progress.step("promotion"):
        gate.decide(version, min_cases=recipe.min_cases, now=now)
    return version


def _base(site_id: str) -> tuple[ModelVersion, Artifact, Recipe]:
    """Return the promoted version, what it holds, and its recipe with the site's weights of today."""
    promoted = selectors.find_promoted(site_id=site_id)
    if promoted is None:
        message = f"The site {site_id} has no promoted model to refresh. Train it: manage.py train {site_id}."
        raise Conflict(message, code="nothing_to_refresh", field="site_id")
    try:
        recipe = msgspec.convert(promoted.parameters, type=Recipe)
    except msgspec.ValidationError as error:
        message = (
            f"The model {promoted.stamp} was made by a program whose recipes cannot be read any more ({error}). "
            f"Train the site anew: manage.py train {site_id}."
        )
        raise Conflict(message, code="nothing_to_refresh", field="site_id") from error
    recipe = replace(recipe, evaluation=replace(recipe.evaluation, max_cases=min(recipe.max_cases, MAX_CASES)))
    return promoted, read_artifact(site_id=site_id, stamp=promoted.stamp), site_recipe(site_id=site_id, recipe=recipe)


def _with_items(data: Happened, arrays: Arrays, loaded: LoadedModel) -> TrainingData:
    """Return the data on the promoted version's rows, of which nothing has to be described again."""
    return TrainingData(
        sequences=data.sequences,
        all_events=data.all_events,
        by_type=data.by_type,
        unknown_items=data.unknown_items,
        item_ids=loaded.item_ids,
        item_types=decode_ids(arrays["item_types"]),
        published=arrays["published"],
        described=Described(item_types=[], brands=[], texts=[], attributes=[]),
    )
