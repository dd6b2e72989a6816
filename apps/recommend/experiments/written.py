"""Writing experiments: drafted, started, stopped, concluded. What runs is left alone but for what moves nobody."""

import secrets
from datetime import datetime

import msgspec
from django.db import transaction

from apps.profiles import api as profiles
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput
from apps.recommend.experiments.check import check_change, check_end, check_experiment, check_start
from apps.recommend.experiments.stored import get_row, list_experiments, to_info
from apps.recommend.models import Experiment, ExperimentState
from specrec.kernel import wire
from specrec.kernel.errors import Conflict


def ensure_experiment(*, site_id: str, written: ExperimentInput, now: datetime) -> ExperimentInfo:
    """Create the experiment as a draft, or change it as far as it may be, and return it.

    Raises NotFound for the site, Invalid naming the field, Conflict for what a running or finished one keeps.
    """
    profiles.get_site(site_id=site_id)
    checked = wire.convert(msgspec.to_builtins(written), ExperimentInput)
    check_experiment(site_id, checked)
    stored = msgspec.to_builtins(checked)
    with transaction.atomic():
        row, created = Experiment.objects.select_for_update().get_or_create(
            site_id=site_id,
            experiment=checked.experiment,
            defaults={
                "written": stored,
                "salt": f"{checked.experiment[:40]}-{secrets.token_hex(6)}",
                "created_at": now,
                "updated_at": now,
            },
        )
        if not created:
            check_change(to_info(row), checked)
            if row.state == ExperimentState.RUNNING:
                check_end(checked, now)
            row.written, row.updated_at = stored, now
            row.save(update_fields=["written", "updated_at"])
    return to_info(row)


def start_experiment(*, site_id: str, experiment: str, now: datetime) -> ExperimentInfo:
    """Let the draft run; raises NotFound, Invalid for what is no more, Conflict where it ran, or beside another one."""
    with transaction.atomic():
        # All of them: two that clash must not be started at the same time.
        list(Experiment.objects.select_for_update().filter(site_id=site_id).values_list("pk"))
        row = get_row(site_id=site_id, experiment=experiment)
        info = to_info(row)
        if info.state != "draft":
            message = f"{experiment} is {info.state}: only a draft starts. An experiment that ran is not run again."
            raise Conflict(message, code="not_a_draft", field="experiment")
        check_experiment(site_id, info.written)
        check_end(info.written, now)
        check_start(info, list_experiments(site_id=site_id, state=ExperimentState.RUNNING))
        row.state, row.started_at, row.updated_at = ExperimentState.RUNNING, now, now
        row.save(update_fields=["state", "started_at", "updated_at"])
    return to_info(row)


def stop_experiment(
    *, site_id: str, experiment: str, now: datetime, note: str = "", conclude: bool = False
) -> ExperimentInfo:
    """End a running experiment: everybody has the placement as it is; figures stay. Raises NotFound, Conflict.

    conclude: it has a verdict, which `note` says; a stopped one may be concluded later
    """
    with transaction.atomic():
        row = get_row(site_id=site_id, experiment=experiment, locked=True)
        ends = {ExperimentState.RUNNING, ExperimentState.STOPPED} if conclude else {ExperimentState.RUNNING}
        if row.state not in ends:
            message = f"{experiment} is {row.state}: it does not run."
            raise Conflict(message, code="not_running", field="experiment")
        row.state = ExperimentState.CONCLUDED if conclude else ExperimentState.STOPPED
        row.stopped_at = row.stopped_at or now
        row.note, row.updated_at = note or row.note, now
        row.save(update_fields=["state", "stopped_at", "note", "updated_at"])
    return to_info(row)
