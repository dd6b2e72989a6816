"""Sites and keys: made, rotated, revoked."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from apps.profiles import api, gate
from apps.profiles.contracts import PUBLISHABLE_SCOPES, SCOPES, SiteInfo
from apps.profiles.models import ApiKey, Site
from apps.profiles.tasks import retire_rotated_keys
from specrec.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated

UK: dict[str, Any] = {"site_id": "uk", "name": "UK", "locale": "en-GB", "currency": "GBP", "time_zone": "Europe/London"}


@pytest.mark.django_db
class TestEnsureSite:
    def test_creates_and_then_changes_the_same_site(self) -> None:
        api.ensure_site(site=SiteInfo(**UK))
        api.ensure_site(site=SiteInfo(**UK | {"name": "United Kingdom"}))
        assert [site.name for site in api.list_sites()] == ["United Kingdom"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("site_id", "not a slug"),
            ("locale", "english"),
            ("currency", "gbp"),
            ("time_zone", "Mars/Olympus"),
            ("time_zone", "../etc/passwd"),
            ("event_retention_days", 0),
            ("name", ""),
        ],
    )
    def test_names_the_wrong_field_and_writes_nothing(self, field: str, value: Any) -> None:
        with pytest.raises(Invalid) as refused:
            api.ensure_site(site=SiteInfo(**UK | {field: value}))
        assert refused.value.field == field
        assert not Site.objects.exists()

    def test_get_site_refuses_an_unknown_one(self) -> None:
        with pytest.raises(NotFound):
            api.get_site(site_id="atlantis")


class TestCreateKey:
    def test_stores_a_hash_and_never_the_secret(self, uk: str) -> None:
        issued = api.create_key(site_id=uk, kind="secret", name="x")
        stored = ApiKey.objects.get()
        assert issued.secret.startswith(f"sk_{issued.key_id}_")
        assert len(stored.secret_hash) == 64
        assert issued.secret.rpartition("_")[2] not in str(vars(stored))

    @pytest.mark.parametrize(("kind", "scopes"), [("publishable", PUBLISHABLE_SCOPES), ("secret", SCOPES)])
    def test_has_all_scopes_of_its_kind_unless_told(self, uk: str, kind: Any, scopes: tuple[str, ...]) -> None:
        api.create_key(site_id=uk, kind=kind, name="x")
        assert api.list_keys(site_id=uk)[0].scopes == scopes

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"kind": "public"}, "kind"),
            ({"name": " "}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"scopes": ["catalog:write"]}, "scopes"),
            ({"scopes": ["everything"]}, "scopes"),
            ({"scopes": []}, "scopes"),
            ({"allowed_origins": ["shop.example"]}, "allowed_origins"),
            ({"allowed_origins": ["https://shop.example/path"]}, "allowed_origins"),
            ({"kind": "secret", "allowed_origins": ["*"]}, "allowed_origins"),
        ],
    )
    def test_names_the_wrong_field_and_writes_nothing(self, uk: str, changed: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            api.create_key(**{"site_id": uk, "kind": "publishable", "name": "x"} | changed)
        assert refused.value.field == field
        assert not ApiKey.objects.exists()

    @pytest.mark.django_db
    def test_refuses_an_unknown_site(self) -> None:
        with pytest.raises(NotFound):
            api.create_key(site_id="atlantis", kind="secret", name="x")


class TestRotateKey:
    def test_both_work_during_the_overlap_and_only_the_new_one_after(self, uk: str, now: datetime) -> None:
        old = api.create_key(site_id=uk, kind="publishable", name="shop", allowed_origins=["https://a.example"])
        new = api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(hours=1), now=now)
        later = now + timedelta(minutes=59)
        assert gate.authenticate(presented=old.secret, origin="https://a.example", now=later).key_id == old.key_id
        after = now + timedelta(hours=1)
        assert gate.authenticate(presented=new.secret, origin="https://a.example", now=after).key_id == new.key_id
        with pytest.raises(Unauthenticated):
            gate.authenticate(presented=old.secret, origin=None, now=after)

    def test_never_prolongs_a_key_that_ends_sooner(self, uk: str, now: datetime) -> None:
        old = api.create_key(site_id=uk, kind="secret", name="x")
        api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(hours=1), now=now)
        api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(days=1), now=now)
        assert ApiKey.objects.get(key_id=old.key_id).expires_at == now + timedelta(hours=1)

    def test_refuses_a_revoked_key(self, uk: str, now: datetime) -> None:
        old = api.create_key(site_id=uk, kind="secret", name="x")
        api.revoke_key(site_id=uk, key_id=old.key_id, now=now)
        with pytest.raises(Conflict):
            api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(0), now=now)
        assert ApiKey.objects.count() == 1

    def test_refuses_a_key_of_another_site(self, uk: str, de: str, now: datetime) -> None:
        theirs = api.create_key(site_id=de, kind="secret", name="x")
        with pytest.raises(NotFound):
            api.rotate_key(site_id=uk, key_id=theirs.key_id, overlap=timedelta(0), now=now)
        with pytest.raises(NotFound):
            api.revoke_key(site_id=uk, key_id=theirs.key_id, now=now)
        assert ApiKey.objects.get().revoked_at is None


class TestRetireRotatedKeys:
    def test_revokes_those_whose_overlap_is_over(self, uk: str, now: datetime) -> None:
        old = api.create_key(site_id=uk, kind="secret", name="x")
        api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(hours=1), now=now)
        assert api.retire_rotated_keys(now=now) == 0
        assert api.retire_rotated_keys(now=now + timedelta(hours=2)) == 1
        assert ApiKey.objects.get(key_id=old.key_id).revoked_at == now + timedelta(hours=1)

    def test_the_task_takes_keywords_that_it_does_not_know(self, uk: str, now: datetime) -> None:
        old = api.create_key(site_id=uk, kind="secret", name="x")
        api.rotate_key(site_id=uk, key_id=old.key_id, overlap=timedelta(hours=1), now=now)
        retire_rotated_keys(later="argument")
        assert ApiKey.objects.get(key_id=old.key_id).revoked_at is not None


@pytest.mark.django_db
class TestCommands:
    def test_make_a_site_and_a_key_that_works(self) -> None:
        words = ["--name", "UK", "--locale", "en-GB", "--currency", "GBP", "--time-zone", "Europe/London"]
        call_command("create_site", "uk", *words, stdout=StringIO())
        out = StringIO()
        call_command("create_key", "uk", "--kind", "secret", "--scope", "catalog:read", stdout=out, stderr=StringIO())
        caller = api.authenticate(presented=out.getvalue().strip(), origin=None)
        assert (caller.site_id, caller.scopes) == ("uk", frozenset({"catalog:read"}))

    def test_rotate_list_and_revoke(self, uk: str) -> None:
        old = api.create_key(site_id=uk, kind="secret", name="till")
        call_command("rotate_key", uk, old.key_id, stdout=StringIO(), stderr=StringIO())
        call_command("revoke_key", uk, old.key_id, stdout=StringIO())
        out = StringIO()
        call_command("list_keys", uk, stdout=out)
        lines = out.getvalue().splitlines()
        assert len(lines) == 2
        assert [line.split()[2] for line in lines if line.startswith(old.key_id)] == ["revoked"]
