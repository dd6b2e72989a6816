"""The Celery application: one instance, configured from Django's settings, tasks found in the installed apps."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "specrec.settings.base")


def _broker_url(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


app = Celery("specrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
_url = _broker_url(settings.REDIS_URL)
# The states of long tasks, while they run: results themselves are not kept (CELERY_TASK_IGNORE_RESULT).
app.conf.update(broker_url=_url, result_backend=_url)
app.autodiscover_tasks()
