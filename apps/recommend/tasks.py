"""Background work of recommend: translate in, one call, translate out."""

from typing import Any
from uuid import UUID

from celery import shared_task

from apps.recommend import api
from specrec.kernel import clock


@shared_task(name="recommend.train")
def train(*, site_id: str, run_id: str | None = None, **_: Any) -> str | None:
    """Train one site; returns the stamp. Sent twice, the second finds the run under way or over: nothing to do."""
    model = api.run_training(site_id=site_id, run_id=UUID(run_id) if run_id else None, now=clock.now())
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
