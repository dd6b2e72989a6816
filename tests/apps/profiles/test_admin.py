"""Keys and shoppers in the admin: a secret is shown once, nothing is edited that must not be."""

import re
from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from apps.profiles import api
from apps.profiles.contracts import ConsentSignal, ShopperRef
from apps.profiles.models import ApiKey
from specrec.kernel import ids

KEYS, SHOPPERS = "/admin/profiles/apikey/", "/admin/profiles/shopper/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ada", "ada@shop.example", "x"))
    return client


class TestKeys:
    FORM = {"site": "uk", "kind": "publishable", "name": "shop", "allowed_origins": "https://shop.example"}

    def test_a_new_key_is_shown_once_and_works(self, staff: Client, uk: str) -> None:
        answer = staff.post(f"{KEYS}add/", self.FORM)
        assert answer.status_code == 200
        shown = re.search(r"pk_[0-9a-f]+_[\w-]+", answer.content.decode())
        assert shown is not None
        assert "no-store" in answer["Cache-Control"]
        assert shown[0] not in str(answer.cookies) + str(staff.cookies)
        assert api.authenticate(presented=shown[0], origin="https://shop.example").site_id == "uk"
        assert shown[0] not in staff.get(KEYS).content.decode()

    @pytest.mark.parametrize(
        "changed", [{"scopes": ["catalog:write"]}, {"kind": "secret"}, {"allowed_origins": "shop.example"}]
    )
    def test_what_the_service_refuses_is_said_at_the_field(
        self, staff: Client, uk: str, changed: dict[str, object]
    ) -> None:
        answer = staff.post(f"{KEYS}add/", self.FORM | changed)
        assert answer.status_code == 200
        assert b"errorlist" in answer.content
        assert not ApiKey.objects.exists()

    def test_a_key_is_seen_without_its_hash_and_not_changed(self, staff: Client, uk: str) -> None:
        issued = api.create_key(site_id=uk, kind="secret", name="till")
        page = staff.get(f"{KEYS}{issued.key_id}/change/").content.decode()
        assert "till" in page
        assert ApiKey.objects.get().secret_hash not in page
        assert staff.post(f"{KEYS}{issued.key_id}/change/", {"name": "other"}).status_code == 403
        assert ApiKey.objects.get().name == "till"

    def test_rotating_shows_the_successor(self, staff: Client, uk: str) -> None:
        issued = api.create_key(site_id=uk, kind="secret", name="till")
        chosen = {"action": "rotate", "_selected_action": [issued.key_id]}
        answer = staff.post(KEYS, chosen)
        shown = re.search(r"sk_[0-9a-f]+_[\w-]+", answer.content.decode())
        assert shown is not None
        assert api.authenticate(presented=shown[0], origin=None).site_id == "uk"
        assert "no-store" in answer["Cache-Control"]
        assert shown[0] not in str(answer.cookies) + str(staff.cookies)
        assert ApiKey.objects.count() == 2
        assert ApiKey.objects.get(key_id=issued.key_id).expires_at is not None

    def test_rotating_a_key_that_ended_says_why(self, staff: Client, uk: str, now: datetime) -> None:
        issued = api.create_key(site_id=uk, kind="secret", name="till")
        api.revoke_key(site_id=uk, key_id=issued.key_id, now=now)
        page = staff.post(KEYS, {"action": "rotate", "_selected_action": [issued.key_id]}).content.decode()
        assert "works no more" in page
        assert ApiKey.objects.count() == 1

    def test_revoking_ends_the_key(self, staff: Client, uk: str) -> None:
        issued = api.create_key(site_id=uk, kind="secret", name="till")
        staff.post(KEYS, {"action": "revoke", "_selected_action": [issued.key_id]})
        assert ApiKey.objects.get().revoked_at is not None


class TestShoppers:
    @pytest.fixture(autouse=True)
    def _anna(self, uk: str, now: datetime) -> None:
        said = ConsentSignal(ShopperRef(anonymous_id="anna"), frozenset({"analytics"}), now, "kiosk")
        api.record_consents(site_id=uk, signals=[said])

    @pytest.mark.parametrize(("term", "found"), [("anna", True), (" anna ", True), ("ann", False), ("nobody", False)])
    def test_are_found_by_a_whole_id(self, staff: Client, term: str, found: bool) -> None:  # noqa: FBT001 - a parameter
        page = staff.get(SHOPPERS, {"q": term}).content.decode()
        assert (str(ids.shopper_id("uk", "anonymous", "anna")) in page) is found

    def test_are_shown_with_identities_consents_and_history_and_not_changed(self, staff: Client) -> None:
        address = f"{SHOPPERS}{ids.shopper_id('uk', 'anonymous', 'anna')}/change/"
        page = staff.get(address).content.decode()
        assert "anna" in page
        assert "kiosk: analytics" in page
        assert staff.post(address, {"site_id": "de"}).status_code == 403

    def test_cannot_be_added(self, staff: Client) -> None:
        assert staff.get(f"{SHOPPERS}add/").status_code == 403
