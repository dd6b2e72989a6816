"""Is this process alive, is it ready, which version is it. No key is needed, and nothing secret is told."""

import logging
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

import redis.exceptions
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from apps.recommend import api as recommend
from specrec.kernel import wire
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)


class NotMigrated(Exception):
    """The database lacks migrations that this code needs."""


def live(_request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all; asks nothing of any part."""
    return _answer({"status": "ok"}, HTTPStatus.OK)


def ready(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the process can serve, else 503; each part is named with what is wrong."""
    parts = {
        "postgres": _try(_ask_postgres),
        "migrations": _try(_check_migrations),
        "redis": _try(_ask_redis),
    }
    is_ready = all(state == "ok" for state in parts.values())
    document: dict[str, Any] = {"status": "ok" if is_ready else "unavailable", "parts": parts}
    if "recommend" in settings.SERVICES:
        document["recommend"] = recommend.is_ready()
    return _answer(document, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


def version(_request: HttpRequest) -> HttpResponse:
    """Answer which version runs, and which services it mounts."""
    return _answer({"name": "specrec", "version": settings.VERSION, "services": settings.SERVICES}, HTTPStatus.OK)


def _answer(document: dict[str, Any], status: int) -> HttpResponse:
    response = HttpResponse(wire.encode(document), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response


def _try(check: Callable[[], None]) -> str:
    try:
        check()
    except NotMigrated:
        return "missing: run `manage.py migrate`"
    except (DatabaseError, InterfaceError, redis.exceptions.RedisError) as error:
        logger.warning("not ready: %s: %s", check.__name__, error)
        return "down"
    return "ok"


def _ask_postgres() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    client().ping()


@cache  # asked until it is so once: nothing takes migrations away from a running process
def _check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigrated
