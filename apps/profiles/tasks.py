"""Background work of profiles. Tasks may run twice and accept keywords that they do not know."""

from typing import Any

from celery import shared_task

from apps.profiles import api
from specrec.kernel import clock


@shared_task(name="profiles.retire_rotated_keys")
def retire_rotated_keys(**_unknown: Any) -> None:
    """Mark keys whose overlap is over as revoked."""
    api.retire_rotated_keys(now=clock.now())
