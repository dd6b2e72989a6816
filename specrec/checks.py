"""System checks: what is configured wrongly is said at start, with a code and the way out."""

from collections.abc import Sequence
from typing import Any

import redis.exceptions
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's own name

from specrec.kernel.redis import client

SERVICES = frozenset({"profiles", "catalog", "tracking", "recommend", "graphql", "admin"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"})
MIN_SECRET = 32
MIN_REDIS = (6, 2)


@register(Tags.security)
def check_safety(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Refuse a guessable secret and a debugging server that others can reach."""
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < MIN_SECRET:
        message = f"SPECREC_SECRET_KEY has fewer than {MIN_SECRET} characters: sessions could be forged."
        hint = "Set a random one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        found.append(Error(message, hint=hint, id="specrec.E001"))
    reachable = sorted(set(settings.ALLOWED_HOSTS) - LOCAL_HOSTS)
    if settings.DEBUG and reachable:
        message = f"SPECREC_DEBUG is on while {', '.join(reachable)} may be asked for: error pages show settings."
        hint = "Unset SPECREC_DEBUG, or leave only localhost in SPECREC_ALLOWED_HOSTS."
        found.append(Error(message, hint=hint, id="specrec.E002"))
    return found


@register()
def check_services(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Refuse names of services that do not exist: the process would silently serve nothing of them."""
    found: list[CheckMessage] = []
    if unknown := sorted(set(settings.SERVICES) - SERVICES):
        message = f"SPECREC_SERVICES names {', '.join(unknown)}, which does not exist."
        found.append(Error(message, hint=f"Choose from {', '.join(sorted(SERVICES))}.", id="specrec.E003"))
    if settings.RATE_LIMIT_PER_SECOND < 1:
        message = "SPECREC_RATE_LIMIT_PER_SECOND is below 1: every request would be refused."
        found.append(Error(message, hint="Set it to 1 or more.", id="specrec.E004"))
    return found


@register()
def check_stream(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Refuse a stream that does not exist, and outside of tests the one in memory, which loses what was accepted."""
    if settings.STREAM in settings.STREAMS:
        if settings.STREAM != "kafka" or settings.KAFKA_BROKERS:
            return []
        hint = "Set it to HOST:PORT of some brokers, separated by commas."
        return [Error("SPECREC_STREAM is kafka, and SPECREC_KAFKA_BROKERS is not set.", hint=hint, id="specrec.E007")]
    message = f"SPECREC_STREAM is {settings.STREAM!r}, where events cannot be kept."
    return [Error(message, hint=f"Unset it, or choose from {', '.join(settings.STREAMS)}.", id="specrec.E006")]


@register(Tags.caches, deploy=True)
def check_redis(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """Warn of a Redis that is away or older than the commands in use (`manage.py check --deploy`)."""
    try:
        found = str(client().info("server")["redis_version"])
    except redis.exceptions.RedisError as error:
        message = f"Redis does not answer: {type(error).__name__}."
        return [Warning(message, hint="Check REDIS_URL, and that the server runs.", id="specrec.W001")]
    if tuple(int(part) for part in found.split(".")[:2]) < MIN_REDIS:
        return [Error(f"Redis is {found}; 6.2 or newer is needed.", hint="Upgrade Redis.", id="specrec.E005")]
    return []
