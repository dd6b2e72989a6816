"""Two markets and their keys."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.profiles import api, gate
from apps.profiles.contracts import SiteInfo


def _site(site_id: str, name: str, locale: str, currency: str, time_zone: str) -> str:
    return api.ensure_site(site=SiteInfo(site_id, name, locale, currency, time_zone)).site_id


@pytest.fixture(autouse=True)
def _own_blobs(settings: Any, tmp_path: Path) -> None:
    settings.BLOBS_DIR = tmp_path / "blobs"


@pytest.fixture
def uk(db: None) -> str:
    return _site("uk", "United Kingdom", "en-GB", "GBP", "Europe/London")


@pytest.fixture
def de(db: None) -> str:
    return _site("de", "Deutschland", "de-DE", "EUR", "Europe/Berlin")


@pytest.fixture
def committed_uk(transactional_db: None) -> str:
    """The site where other connections see what is written."""
    return _site("uk", "United Kingdom", "en-GB", "GBP", "Europe/London")


class Door:
    """The HTTP door as one key sees it."""

    def __init__(self, key: str) -> None:
        self._client = Client(headers={"authorization": f"Bearer {key}"})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send the body (bytes as they are, else as JSON) and return the response."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return self._client.generic(method, path, data, content_type="application/json", headers=headers)


def _door(site_id: str, kind: str, **given: Any) -> Door:
    gate.forget_all()
    return Door(api.create_key(site_id=site_id, kind=kind, name="test", **given).secret)  # type: ignore[arg-type]  # a literal of the caller


@pytest.fixture
def server(uk: str) -> Door:
    return _door(uk, "secret")


@pytest.fixture
def browser(uk: str) -> Door:
    return _door(uk, "publishable")


@pytest.fixture
def reader(uk: str) -> Door:
    return _door(uk, "secret", scopes=["catalog:read"])


@pytest.fixture
def german_server(de: str) -> Door:
    return _door(de, "secret")


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada", "ada@example.org", "a long password"))
    return client
