"""Background work of recommend: translate in, one call, translate out."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from redis.exceptions import RedisError

from apps.recommend import api
from specrec.kernel import clock

logger = logging.getLogger(__name__)


@shared_task(name="recommend.train", bind=True)
def train(task: "Task[Any, Any]", /, *, site_id: str, run_id: str | None = None, **_: Any) -> str | None:
    """Train one site; returns the stamp. Sent twice, the second finds the run under way or over: nothing to do."""
    model = api.run_training(site_id=site_id, run_id=_id(run_id), now=clock.now(), told=_telling(task))
    return None if model is None else model.stamp


@shared_task(name="recommend.refresh_model", bind=True)
def refresh_model(task: "Task[Any, Any]", /, *, site_id: str, run_id: str | None = None, **_: Any) -> str | None:
    """Bring counts and popularity of the promoted version up to date; returns the stamp. Sent twice, as `train`."""
    model = api.run_refresh(site_id=site_id, run_id=_id(run_id), now=clock.now(), told=_telling(task))
    return None if model is None else model.stamp


@shared_task(name="recommend.embed_new_items")
def embed_new_items(**_: Any) -> None:
    """Bring vectors in step with the catalogues; a second one at the same time finds nothing left to do."""
    api.embed_new_items(now=clock.now())


@shared_task(name="recommend.refresh_features")
def refresh_features(**_: Any) -> list[str]:
    """Compute the batch features of every site anew; twice is once."""
    return api.refresh_features(now=clock.now())


@shared_task(name="recommend.train_due_sites")
def train_due_sites(**_: Any) -> None:
    """Enqueue the sites that are due."""
    api.train_due_sites(now=clock.now())


@shared_task(name="recommend.refresh_due_models")
def refresh_due_models(**_: Any) -> None:
    """Enqueue the refreshes that are due."""
    api.refresh_due_models(now=clock.now())


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _telling(task: "Task[Any, Any]") -> Callable[[int, str], None]:
    """Return what writes percent and step to the task's state; without its store a training goes on untold."""

    def told(percent: int, step: str) -> None:
        if task.request.id is None:  # called here, not sent
            return
        try:
            task.update_state(state="PROGRESS", meta={"percent": percent, "step": step})
        except (RedisError, OSError) as error:
            logger.warning("the state of task %s is not kept: %s", task.request.id, error)

    return told


@shared_task(name="recommend.guard_models")
def guard_models(**_: Any) -> list[str]:
    """Roll back what is unfit in service, end what was long enough in the shadow; twice is once."""
    return api.guard_models(now=clock.now())


@shared_task(name="recommend.count_outcomes")
def count_outcomes(**_: Any) -> list[str]:
    """Count the clicks by model version anew; twice is once."""
    return api.count_outcomes(now=clock.now())


@shared_task(name="recommend.measure_drift")
def measure_drift(**_: Any) -> list[str]:
    """Measure how far every site has moved since its model learned; twice is once."""
    return api.measure_drift(now=clock.now())


@shared_task(name="recommend.look_experiments")
def look_experiments(**_: Any) -> list[str]:
    """Look at the experiments that were not looked at today; twice is once."""
    return api.look_experiments(now=clock.now())


@shared_task(name="recommend.prune_traces")
def prune_traces(**_: Any) -> int:
    """Delete traces that are older than their site keeps them; twice is once."""
    return api.prune_traces(now=clock.now())
