"""Overrides for tests: the real parts, small and quick."""

from specrec.settings.base import *  # noqa: F403 - settings modules are extended this way

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # users in tests need no slow hash
CELERY_TASK_ALWAYS_EAGER = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
STREAMS = ("postgres", "kafka", "memory")
MODEL_POLL_SECONDS = 0.0  # a test sees a promotion at once, and no thread holds a connection
