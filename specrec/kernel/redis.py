"""The one Redis connection pool of this process. Only commands of Redis 6.2 are used."""

from functools import cache

import redis
from django.conf import settings


@cache
def client() -> "redis.Redis":
    """Return the shared client: bytes in, bytes out, timeouts short enough that a dead Redis never holds a request."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2.0, socket_connect_timeout=0.5)


@cache
def hasty_client() -> "redis.Redis":
    """Return a client that gives up after a third of a second, for what is done with rows of the database locked."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)
