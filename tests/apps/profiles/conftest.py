"""Two markets, a clock that stands still, and a process without a memory."""

from datetime import UTC, datetime

import pytest

from apps.profiles import api, gate
from apps.profiles.contracts import SiteInfo
from apps.profiles.selectors import shoppers

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """Forget what a process remembers between requests."""
    gate.forget_all()
    shoppers.resume()


def _site(site_id: str, name: str, locale: str, currency: str, time_zone: str) -> str:
    return api.ensure_site(site=SiteInfo(site_id, name, locale, currency, time_zone)).site_id


@pytest.fixture
def uk(db: None) -> str:
    return _site("uk", "United Kingdom", "en-GB", "GBP", "Europe/London")


@pytest.fixture
def de(db: None) -> str:
    return _site("de", "Deutschland", "de-DE", "EUR", "Europe/Berlin")
