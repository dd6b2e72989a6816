"""The face of recommend: what next. Functions that other apps, edges and the root may call, and nothing else.

What may be added: a function on plain data of `contracts`. What may not: models, querysets, arrays, web types.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.profiles.contracts import ShopperRef
from apps.recommend import selectors
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, ExperimentResults
from apps.recommend.contracts.features import FeatureCheck, FeatureInfo, FeatureReport, StateSummary
from apps.recommend.contracts.models import ModelComparison, ModelDetail, ModelFigure, ModelInfo, RecipeInfo
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Answer, PageAnswer, PageRequest, Request, ShopperInput
from apps.recommend.contracts.traces import Against, Replay, TraceInfo, TraceQuery, TraceSummary
from apps.recommend.experiments import looks
from apps.recommend.experiments import stored as experiments
from apps.recommend.experiments import written as experiment_writing
from apps.recommend.features import backfill, batch, check, consume, report
from apps.recommend.features.lease import Lease
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.registry import details, drift, figures, guard, outcomes, promote, trials
from apps.recommend.rules import check as check_rules
from apps.recommend.rules import stored
from apps.recommend.services import placements
from apps.recommend.services import rules as rule_steps
from apps.recommend.serving import expose, live, page, pipeline, replay, rulebook, sites, traces
from apps.recommend.training import compare, embed, run, runs, schedule, search, written
from apps.recommend.training import report as evaluation
from specrec.kernel.paging import Page
from specrec.kernel.redis import client


def recommend(
    *, site_id: str, request: Request, now: datetime, seen: Callable[[Answer], bool] = pipeline.was_seen
) -> Answer:
    """Return the slate; raises NotFound (placement), Invalid (item), Unavailable (a site that was never read).

    seen: asked with the answer whether it will be shown; only then it is recorded as an exposure
    """
    return pipeline.answer(site_id=site_id, request=request, now=now, seen=seen)


def recommend_page(*, site_id: str, request: PageRequest, now: datetime) -> PageAnswer:
    """Return all slots of a page, no item twice; raises Unavailable. What is wrong with one slot is said there."""
    return page.answer_page(site_id=site_id, request=request, now=now)


def ensure_placement(*, site_id: str, placement: PlacementInfo) -> PlacementInfo:
    """Create or change the placement, switch it on, and return it; raises Invalid naming the field."""
    return placements.ensure_placement(site_id=site_id, placement=placement)


def list_placements(*, site_id: str) -> list[PlacementInfo]:
    """Return the active placements of a site, by key."""
    return selectors.list_placements(site_id=site_id)


# Rules are read with what makes them do nothing, and written with who did it and which revision was read before.
list_rules = rulebook.list_with_warnings
show_rule = rulebook.show_with_warnings
dry_run_rules = rulebook.dry_run
list_rule_revisions = stored.list_revisions
list_rule_notices = stored.list_notices
count_rule_notices = stored.count_notices
check_rule = check_rules.check_rule
list_rule_fields = check_rules.fields_of
save_rule = rule_steps.save_rule
publish_rule = rule_steps.publish_rule
archive_rule = rule_steps.archive_rule
discard_rule_draft = rule_steps.discard_draft


def start_training(*, site_id: str, now: datetime, recipe: str | None = None) -> None:
    """Enqueue a training of the site; raises NotFound for the site or the recipe."""
    schedule.start_training(site_id=site_id, now=now, recipe=recipe)


def train_site(
    *, site_id: str, now: datetime, recipe: str | None = None, told: Callable[[int, str], object] = runs.ignore
) -> ModelInfo:
    """Train the site here and now and return the version that came of it, promoted or not.

    told: asked with percent and step as they begin
    """
    return run.train_site(site_id=site_id, now=now, recipe=recipe, told=told)


def run_training(
    *, site_id: str, run_id: UUID | None, now: datetime, told: Callable[[int, str], object] = runs.ignore
) -> ModelInfo | None:
    """Do a queued training; None when another is under way, or when it was done before."""
    return run.run_training(site_id=site_id, run_id=run_id, now=now, told=told)


def run_refresh(
    *, site_id: str, run_id: UUID | None, now: datetime, told: Callable[[int, str], object] = runs.ignore
) -> ModelInfo | None:
    """Do a queued refresh of the promoted version; None when another run is under way, or when it was done before."""
    return run.run_refresh(site_id=site_id, run_id=run_id, now=now, told=told)


def start_refresh(*, site_id: str, now: datetime) -> None:
    """Enqueue a refresh of the site's promoted version from the events of now; raises NotFound for the site."""
    schedule.start_refresh(site_id=site_id, now=now)


def refresh_due_models(*, now: datetime) -> None:
    """Enqueue a refresh of every promoted version that is old enough, where new events came."""
    schedule.refresh_due_models(now=now)


def train_due_sites(*, now: datetime) -> None:
    """Enqueue a training of every site whose last one is old enough."""
    schedule.train_due_sites(now=now)


def list_recipes() -> list[RecipeInfo]:
    """Return every recipe that a model can be trained with."""
    return written.list_recipes()


def show_recipe(*, name: str) -> str:
    """Return the recipe of this name or label as TOML; raises NotFound, or Invalid naming file and field."""
    return written.show_recipe(name=name)


def check_recipe(*, path: Path) -> RecipeInfo:
    """Return what is known of the recipe in the file; raises NotFound, or Invalid naming file and field."""
    return written.check_recipe(path=path)


def search_recipe(
    *, site_id: str, now: datetime, optimise: search.Optimise, recipe: str | None = None, name: str = "found"
) -> str:
    """Return as TOML the recipe with the parameters that are best on the site's own data; raises NotFound, Conflict.

    optimise: is given what may be chosen and what says how good a choice is, and returns the best by name
    """
    return search.search_recipe(site_id=site_id, now=now, optimise=optimise, recipe=recipe, name=name)


def embed_new_items(*, now: datetime) -> None:
    """Give items that came after the model of their site the vectors by which what is like them is found."""
    embed.embed_new_items(now=now)


def list_models(*, site_id: str) -> list[ModelInfo]:
    """Return the model versions of a site, newest first."""
    return selectors.list_models(site_id=site_id)


def show_report(*, site_id: str, stamp: str) -> str:
    """Return the evaluation of a version as an HTML page; raises NotFound where there is none."""
    return evaluation.show_report(site_id=site_id, stamp=stamp)


def export_report(*, site_id: str, stamp: str) -> bytes:
    """Return the evaluation of a version as JSON; raises NotFound where there is none."""
    return evaluation.export_report(site_id=site_id, stamp=stamp)


def promote_model(*, site_id: str, stamp: str, now: datetime) -> ModelInfo:
    """Answer with this version from now on, whatever the gate said; raises NotFound."""
    return promote.promote_model(site_id=site_id, stamp=stamp, now=now)


def roll_back(*, site_id: str, now: datetime) -> ModelInfo:
    """Answer with the version promoted before; raises Conflict when there is none."""
    return promote.roll_back(site_id=site_id, now=now)


def show_model(*, site_id: str, stamp: str) -> ModelDetail:
    """Return all that is recorded of a version; raises NotFound."""
    return details.show_model(site_id=site_id, stamp=stamp)


def shadow_model(*, site_id: str, stamp: str, now: datetime) -> ModelInfo:
    """Let a version score a share of the requests and answer none; raises NotFound, and Conflict for what answers."""
    return promote.shadow_model(site_id=site_id, stamp=stamp, now=now)


def retire_model(*, site_id: str, stamp: str) -> ModelInfo:
    """Take a version out of what may be promoted by itself; raises NotFound, and Conflict for what answers."""
    return promote.retire_model(site_id=site_id, stamp=stamp)


def compare_models(*, site_id: str, stamp: str, other: str, now: datetime) -> ModelComparison:
    """Return two versions side by side, also on what happened since both were trained; raises NotFound."""
    return compare.compare_versions(site_id=site_id, stamp=stamp, other=other, now=now)


def guard_models(*, now: datetime) -> list[str]:
    """Roll back what is unfit in service and end what was long enough in the shadow; return the stamps concerned."""
    return [*guard.guard_models(now=now), *trials.judge_shadows(now=now)]


def count_outcomes(*, now: datetime) -> list[str]:
    """Count the clicks of every site by model version anew, for the guard; return the sites."""
    return outcomes.count_outcomes(now=now)


def measure_drift(*, now: datetime) -> list[str]:
    """Measure how far every site has moved since its model learned; return the sites."""
    return drift.measure_drift(now=now)


def measure_models(*, now: datetime) -> list[ModelFigure]:
    """Return what monitoring wants to know of models; parts that are away are left out."""
    return figures.measure_models(now=now) + live.measure_live()


def list_traces(*, site_id: str, query: TraceQuery) -> Page[TraceSummary]:
    """Return a page of the kept traces of a site, newest first; raises Invalid."""
    return traces.list_traces(site_id=site_id, query=query)


def show_trace(*, site_id: str, trace_id: UUID, whole: bool = True) -> TraceInfo:
    """Return how an answer came about, if not `whole` without what tells of the shopper.

    Raises NotFound, Conflict (another program wrote it), Unavailable (its key is gone).
    """
    return traces.show_trace(site_id=site_id, trace_id=trace_id, whole=whole)


def replay_trace(*, site_id: str, trace_id: UUID, against: Against = "now") -> Replay:
    """Ask the same question again and say what is other, and why; raises as `show_trace`, and Invalid, NotFound."""
    return replay.replay(site_id=site_id, trace_id=trace_id, against=against)


def erase_traces(*, site_id: str, shopper_ids: Collection[UUID]) -> int:
    """Delete every trace of answers to these shoppers; return how many there were."""
    return traces.erase_traces(site_id=site_id, shopper_ids=shopper_ids)


def prune_traces(*, now: datetime) -> int:
    """Delete traces that are older than their site keeps them; return how many."""
    return traces.prune_traces(now=now)


def follow_features(*, stop: Callable[[], bool]) -> None:
    """Keep the states of shoppers in step with the stream of events until `stop`."""
    redis = client()
    consume.run(RedisStore(redis), Lease(redis, name="features"), stop=stop)


def list_features() -> list[FeatureInfo]:
    """Return every feature that there is, by entity and name."""
    return report.list_features()


def show_shopper_features(*, site_id: str, shopper: ShopperInput, now: datetime) -> FeatureReport:
    """Return what is known of the shopper now, and what consent leaves out; raises NotFound."""
    ref = ShopperRef(anonymous_id=shopper.anonymous_id, customer_id=shopper.customer_id)
    return report.show_shopper(RedisStore(client()), site_id=site_id, ref=ref, now=now)


def show_item_features(*, site_id: str, item_id: str, now: datetime) -> FeatureReport:
    """Return what is known of the item now; raises NotFound for a site that is not there."""
    return report.show_counted(RedisStore(client()), site_id=site_id, entity="item", name=item_id, now=now)


def show_placement_features(*, site_id: str, placement: str, now: datetime) -> FeatureReport:
    """Return what is known of the placement now; raises NotFound for a site that is not there."""
    return report.show_counted(RedisStore(client()), site_id=site_id, entity="placement", name=placement, now=now)


def export_states(*, site_id: str) -> Iterator[StateSummary]:
    """Yield what the stored state of every shopper of the site counts, in no order."""
    return report.summarise_states(RedisStore(client()), site_id=site_id)


def rebuild_features(*, now: datetime, stop: Callable[[], bool], progress: Callable[[int, int], object]) -> bool:
    """Build all states and counts anew from the table, whoever follows the stream meanwhile; False when stopped.

    progress: asked with how many events were added and how many there are. Raises Conflict while another rebuilds.
    """
    redis = client()
    return backfill.backfill(RedisStore(redis), Lease(redis, name="features"), now=now, stop=stop, progress=progress)


def check_features(*, now: datetime, progress: Callable[[int, int], object]) -> FeatureCheck:
    """Rebuild all features from the event table beside those in use, compare, and remove the copy again.

    Says whether the stream led to what the table says, as long as nothing comes in meanwhile.
    """
    return check.check_features(client(), now=now, progress=progress)


def refresh_features(*, now: datetime) -> list[str]:
    """Compute the batch features of every site anew and return the sites done."""
    return batch.refresh_features(RedisStore(client()), now=now)


def count_lost_exposures() -> int | None:
    """Return how many served slates were not recorded, of all processes; None where nobody can tell."""
    return expose.count_lost()


def warm_up() -> None:
    """Read every site, so that no first request waits for it; without a database this is left to the requests."""
    sites.warm_up()


def is_ready() -> dict[str, Any]:
    """Return what this process holds: by site the stamps of catalogue and model, and how exposures fare."""
    held = {
        site_id: {
            "catalogue": ready.shelf.columns.stamp,
            "items": len(ready.shelf.columns.item_ids),
            "model": None if ready.loaded is None else ready.loaded.stamp,
        }
        for site_id, ready in sites.list_ready().items()
    }
    return {"sites": held, "exposures": expose.exposure_counts()}


def ensure_experiment(*, site_id: str, written: ExperimentInput, now: datetime) -> ExperimentInfo:
    """Create an experiment as a draft, or change it as far as it may be; raises NotFound, Invalid, Conflict."""
    return experiment_writing.ensure_experiment(site_id=site_id, written=written, now=now)


def list_experiments(*, site_id: str) -> list[ExperimentInfo]:
    """Return the experiments of a site, newest first."""
    return experiments.list_experiments(site_id=site_id)


def show_experiment(*, site_id: str, experiment: str) -> ExperimentInfo:
    """Return one experiment; raises NotFound."""
    return experiments.get_experiment(site_id=site_id, experiment=experiment)


def start_experiment(*, site_id: str, experiment: str, now: datetime) -> ExperimentInfo:
    """Let a draft run; raises NotFound, Invalid, and Conflict naming the experiment that is in the way."""
    return experiment_writing.start_experiment(site_id=site_id, experiment=experiment, now=now)


def stop_experiment(
    *, site_id: str, experiment: str, now: datetime, note: str = "", conclude: bool = False
) -> ExperimentInfo:
    """End a running experiment, whose figures stay; `conclude`: with a verdict. Raises NotFound, Conflict."""
    return experiment_writing.stop_experiment(
        site_id=site_id, experiment=experiment, now=now, note=note, conclude=conclude
    )


def see_results(*, site_id: str, experiment: str, now: datetime) -> ExperimentResults:
    """Return what came of an experiment, at most ten minutes old; raises NotFound, and Conflict for a draft."""
    return looks.see_results(site_id=site_id, experiment=experiment, now=now)


def list_looks(*, site_id: str, experiment: str) -> list[ExperimentResults]:
    """Return what an experiment showed day by day, oldest first."""
    return experiments.list_looks(site_id=site_id, experiment=experiment)


def look_experiments(*, now: datetime) -> list[str]:
    """Look at what runs and was not looked at today, and end what does harm or is over; return what was looked at."""
    return looks.look_experiments(now=now)
