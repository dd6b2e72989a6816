"""The real parts under every test, and what any test may ask for."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import django
import pytest

from specrec.embedded import Parts, start_parts
from specrec.kernel.redis import client
from specrec.roles import Stack, run_stack

_SITE_ID = "lens-lane"
_MAKE_SITE = f"""
import json
from apps.profiles import api
from apps.profiles.contracts import SiteInfo
api.ensure_site(site=SiteInfo(
    site_id="{_SITE_ID}", name="Lens Lane", locale="en-GB", currency="GBP", time_zone="Europe/London"))
keys = {{kind: api.create_key(site_id="{_SITE_ID}", kind=kind, name="journeys").secret
        for kind in ("publishable", "secret")}}
print(json.dumps(keys))
"""


def _start() -> tuple[ExitStack, Parts]:
    """Start PostgreSQL and Redis (or take DATABASE_URL and REDIS_URL), then Django, before any settings are read."""
    exits = ExitStack()
    folder = Path(tempfile.mkdtemp(prefix="specrec-tests-"))
    exits.callback(shutil.rmtree, folder, ignore_errors=True)
    parts = exits.enter_context(start_parts(folder))
    os.environ.update(parts.environment())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "specrec.settings.test")
    django.setup()
    _refuse_a_used_redis()
    return exits, parts


def _refuse_a_used_redis() -> None:
    """Exit where REDIS_URL names a Redis that holds something: the tests empty theirs before every test."""
    if client().dbsize():
        pytest.exit(
            "REDIS_URL names a Redis that is not empty; tests empty theirs, so give them their own database.", 2
        )


# Here and not in a hook: the folders' own conftests, which import models, are imported before any hook is called.
_exits, _parts = _start()


def pytest_unconfigure() -> None:
    """Stop the parts and remove their data."""
    _exits.close()


@dataclass(frozen=True, slots=True)
class Shop:
    """A running stack with one site and its keys."""

    stack: Stack
    site_id: str
    publishable_key: str
    secret_key: str

    @property
    def url(self) -> str:
        """The address of the web role."""
        return self.stack.url


@pytest.fixture(autouse=True)
def _empty_redis() -> None:
    """Give every test an empty Redis (not the stack's: that one has its own)."""
    client().flushdb()


@pytest.fixture
def parts() -> Parts:
    """The parts under this run, for tests that kill one; they start it again."""
    return _parts


@pytest.fixture(scope="session")
def stack_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Parts of the stack's own, so that tests that empty tables or Redis never touch a running stack."""
    with start_parts(tmp_path_factory.mktemp("stack"), environ={}) as parts:
        yield parts


@pytest.fixture(scope="session")
def stack(stack_parts: Parts) -> Iterator[Stack]:
    """The real roles, over HTTP."""
    with run_stack(stack_parts.folder, parts=stack_parts) as running:
        yield running


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Shop:
    """The stack with a site and its publishable and secret key."""
    keys = json.loads(stack.manage("shell", "--verbosity", "0", "--command", _MAKE_SITE))
    return Shop(stack=stack, site_id=_SITE_ID, publishable_key=keys["publishable"], secret_key=keys["secret"])
