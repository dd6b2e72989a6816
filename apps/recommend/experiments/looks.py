"""Looking at experiments: when asked, and once a day at all that run, which ends what does harm or is over."""

import logging
from datetime import UTC, datetime, timedelta

import msgspec

from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentResults
from apps.recommend.experiments.results import compute_results, harm_of
from apps.recommend.experiments.stored import get_row, list_running, to_info
from apps.recommend.experiments.written import stop_experiment
from apps.recommend.models import Experiment, ExperimentLook
from specrec.kernel.errors import Conflict

logger = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=10)  # counting again costs a scan of the events


def see_results(*, site_id: str, experiment: str, now: datetime) -> ExperimentResults:
    """Return what came of an experiment, at most ten minutes old; raises NotFound, and Conflict for a draft."""
    row = get_row(site_id=site_id, experiment=experiment)
    info = to_info(row)
    stands = row.results_at is not None and (row.results_at > now - FRESH_FOR or _is_final(info, row.results_at))
    if row.results is not None and stands:
        return msgspec.convert(row.results, ExperimentResults)
    return _keep(info, now)


def look_experiments(*, now: datetime) -> list[str]:
    """Look at every running experiment that was not looked at today (UTC); return those that were, as SITE/KEY.

    A variant that is known to worsen the metric or a guardrail ends its experiment, and so does its end; the note says
    why. Failure policy: one that cannot be counted is logged and looked at with the next call.
    """
    today = now.astimezone(UTC).date()
    seen = set(ExperimentLook.objects.filter(day=today).values_list("site_id", "experiment"))
    looked = []
    for info in list_running():
        key = info.site_id, info.written.experiment
        if key in seen and not _is_over(info, now):
            continue
        try:
            _look(info, now)
        except Exception:
            # One experiment's defect must not keep the others running that do harm.
            logger.exception("experiment %s/%s was not looked at", *key)
        else:
            looked.append("/".join(key))
    return looked


def _look(info: ExperimentInfo, now: datetime) -> None:
    results = _keep(info, now)
    harm = harm_of(info, results.results)
    note = f"Stopped by itself: {harm}." if harm else "Ended as planned." if _is_over(info, now) else None
    ExperimentLook.objects.update_or_create(
        site_id=info.site_id,
        experiment=info.written.experiment,
        day=now.astimezone(UTC).date(),
        defaults={"results": msgspec.to_builtins(results)},
    )
    if note is None:
        return
    try:
        stop_experiment(site_id=info.site_id, experiment=info.written.experiment, now=now, note=note)
    except Conflict:
        logger.info("experiment %s/%s was stopped meanwhile", info.site_id, info.written.experiment)
    else:
        logger.warning("experiment %s/%s: %s", info.site_id, info.written.experiment, note)


def _keep(info: ExperimentInfo, now: datetime) -> ExperimentResults:
    results = compute_results(info=info, now=now)
    rows = Experiment.objects.filter(site_id=info.site_id, experiment=info.written.experiment)
    rows.update(results=msgspec.to_builtins(results), results_at=now)
    return results


def _is_over(info: ExperimentInfo, now: datetime) -> bool:
    return info.written.ends_at is not None and info.written.ends_at <= now


def _is_final(info: ExperimentInfo, seen_at: datetime) -> bool:
    """Return whether what was seen then can no longer become other: it had stopped by then."""
    return info.stopped_at is not None and seen_at >= info.stopped_at
