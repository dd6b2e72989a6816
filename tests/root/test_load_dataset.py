"""Loading a public data set: the site is made where it is absent, and left as it is where it is not."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.catalog import api as catalog
from apps.profiles import api as profiles
from apps.profiles.contracts import SiteInfo
from apps.tracking import api as tracking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Beauty.txt").write_text("1 11 12\n")
    (tmp_path / "Beauty_item2attributes.json").write_text('{"11": [1], "12": [2]}')
    return tmp_path


def load(folder: Path, *words: str) -> str:
    out = StringIO()
    call_command("load_dataset", "amazon-beauty", str(folder), *words, stdout=out)
    return out.getvalue()


def price_of(site_id: str) -> str:
    return catalog.get_item(site_id=site_id, item_id="11").variants[0].prices[0].currency


class TestLoadDataset:
    def test_an_absent_site_is_made(self, folder: Path) -> None:
        assert "items: 2 of 2, 0 refused" in load(folder, "--currency", "EUR")
        assert (profiles.get_site(site_id="amazon-beauty").currency, price_of("amazon-beauty")) == ("EUR", "EUR")

    def test_a_site_that_is_there_stays_as_it_is_and_its_currency_is_used(self, folder: Path) -> None:
        shop = SiteInfo(
            site_id="de",
            name="Deutschland",
            locale="de-DE",
            currency="EUR",
            time_zone="Europe/Berlin",
            event_retention_days=90,
        )
        profiles.ensure_site(site=shop)
        assert "events: 2 of 2 accepted" in load(folder, "--site", "de")
        assert (profiles.get_site(site_id="de"), price_of("de")) == (shop, "EUR")
        batch = next(
            iter(tracking.follow(group="test", find_positions=lambda _: {}, limit=9, wait=0.0, stop=lambda: False))
        )
        assert [event.currency for event in batch.events] == ["EUR", "EUR"]
