"""Background work of catalog, by name."""

from typing import Any
from uuid import UUID

from celery import shared_task

from apps.catalog import api
from specrec.kernel import clock


@shared_task(name="catalog.run_import")
def run_import(*, import_id: str, **_: Any) -> None:
    """Apply an import; running it again, or twice at once, does nothing more."""
    api.run_import(import_id=UUID(import_id), now_fn=clock.now)


@shared_task(name="catalog.resume_imports")
def resume_imports(**_: Any) -> None:
    """Pick up imports that nobody works on any more."""
    api.resume_imports(now=clock.now())


@shared_task(name="catalog.build_columns")
def build_columns(*, site_id: str, **_: Any) -> None:
    """Make another base of a site's columns; of several who ask at once, one makes it."""
    api.build_columns(site_id=site_id, now=clock.now())


@shared_task(name="catalog.trim_changes")
def trim_changes(**_: Any) -> None:
    """Delete what no process needs any more of the log of changes."""
    api.trim_changes(now=clock.now())
