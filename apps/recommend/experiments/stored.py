"""Experiments in the database: as infos, and those that run as they are asked."""

import msgspec

from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, ExperimentResults
from apps.recommend.experiments.assign import LiveExperiments, compile_live
from apps.recommend.models import Experiment, ExperimentLook, ExperimentState
from specrec.kernel.errors import NotFound

LOOKS_SHOWN = 400


def read_live(site_id: str, held: LiveExperiments | None = None) -> LiveExperiments:
    """Return the running experiments of a site as they are asked; `held` itself where nothing moved."""
    live = compile_live(list_experiments(site_id=site_id, state=ExperimentState.RUNNING))
    return held if held is not None and held == live else live


def list_experiments(*, site_id: str, state: str | None = None) -> list[ExperimentInfo]:
    """Return the experiments of a site, newest first."""
    rows = Experiment.objects.filter(site_id=site_id)
    return [to_info(row) for row in (rows if state is None else rows.filter(state=state))]


def list_running() -> list[ExperimentInfo]:
    """Return what runs in all sites."""
    return [to_info(row) for row in Experiment.objects.filter(state=ExperimentState.RUNNING)]


def get_experiment(*, site_id: str, experiment: str) -> ExperimentInfo:
    """Return one experiment; raises NotFound."""
    return to_info(get_row(site_id=site_id, experiment=experiment))


def get_row(*, site_id: str, experiment: str, locked: bool = False) -> Experiment:
    """Return the row, `locked` until the end of the transaction; raises NotFound."""
    rows = Experiment.objects.select_for_update() if locked else Experiment.objects
    row = rows.filter(site_id=site_id, experiment=experiment).first()
    if row is None:
        message = f"The site {site_id} has no experiment {experiment!r}."
        raise NotFound(message, code="unknown_experiment", field="experiment")
    return row


def list_looks(*, site_id: str, experiment: str) -> list[ExperimentResults]:
    """Return what was seen day by day, oldest first."""
    rows = ExperimentLook.objects.filter(site_id=site_id, experiment=experiment).order_by("-day")[:LOOKS_SHOWN]
    return [msgspec.convert(row.results, ExperimentResults) for row in reversed(rows)]


def to_info(row: Experiment) -> ExperimentInfo:
    """Return the row as it crosses the face."""
    return ExperimentInfo(
        site_id=row.site_id,
        state=row.state,  # type: ignore[arg-type]  # one of the choices, which are those of the contract
        written=msgspec.convert(row.written, ExperimentInput),
        salt=row.salt,
        started_at=row.started_at,
        stopped_at=row.stopped_at,
        note=row.note,
    )
