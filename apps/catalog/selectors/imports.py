"""Reading import jobs."""

from uuid import UUID

from apps.catalog import contracts
from apps.catalog.models import ImportJob
from specrec.kernel.errors import NotFound


def get_import(*, site_id: str, import_id: UUID) -> ImportJob:
    """Return the job; raises NotFound, also for one of another site."""
    job = ImportJob.objects.filter(site_id=site_id, import_id=import_id).first()
    if job is None:
        raise NotFound(f"There is no import {import_id}.", code="import_not_found", field="import_id")
    return job


def import_status(job: ImportJob) -> contracts.ImportStatus:
    """Return the job as it is shown."""
    return contracts.ImportStatus(
        import_id=job.import_id,
        state=job.state,
        lines_total=job.lines_total,
        lines_done=job.lines_done,
        lines_failed=job.lines_failed,
        created_at=job.created_at,
        finished_at=job.finished_at,
        message=job.message,
    )
