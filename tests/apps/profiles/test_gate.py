"""Who gets in, and with what."""

from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from apps.profiles import api, gate
from apps.profiles.contracts import Caller, IssuedKey, ShopperRef
from apps.profiles.models import ApiKey
from specrec.kernel.errors import Denied, Problem, Throttled, Unauthenticated, Unavailable

SHOP = "https://shop.example"


def refusal_of(presented: str | None, origin: str | None = None) -> tuple[type[Problem], str]:
    with pytest.raises(Problem) as refused:
        api.authenticate(presented=presented, origin=origin)
    return type(refused.value), refused.value.code


@pytest.fixture
def secret(uk: str) -> IssuedKey:
    return api.create_key(site_id=uk, kind="secret", name="back office")


@pytest.fixture
def publishable(uk: str) -> IssuedKey:
    return api.create_key(site_id=uk, kind="publishable", name="shop", allowed_origins=[SHOP])


class TestPresentedKey:
    @pytest.mark.parametrize(
        ("authorization", "key_header", "presented"),
        [
            (None, None, None),
            ("", "", None),
            ("Bearer sk_a_b", None, "sk_a_b"),
            ("bearer  sk_a_b ", None, "sk_a_b"),
            (None, "sk_a_b", "sk_a_b"),
            ("Bearer sk_a_b", "sk_c_d", "sk_c_d"),
        ],
    )
    def test_is_read_from_either_header(
        self, authorization: str | None, key_header: str | None, presented: str | None
    ) -> None:
        assert api.presented_key(authorization=authorization, key_header=key_header) == presented

    @pytest.mark.parametrize("authorization", ["Basic dTpw", "Bearer", "Bearer  ", "sk_a_b"])
    def test_refuses_another_kind_of_authorization(self, authorization: str) -> None:
        with pytest.raises(Unauthenticated) as refused:
            api.presented_key(authorization=authorization, key_header=None)
        assert refused.value.code == "malformed_key"


class TestAuthenticate:
    def test_returns_the_caller_of_a_good_key(self, secret: IssuedKey) -> None:
        caller = api.authenticate(presented=secret.secret, origin=None)
        assert (caller.key_id, caller.site_id, caller.kind) == (secret.key_id, "uk", "secret")
        assert "catalog:write" in caller.scopes

    @pytest.mark.parametrize("presented", [None, ""])
    def test_refuses_a_missing_key(self, presented: str | None) -> None:
        assert refusal_of(presented) == (Unauthenticated, "missing_key")

    @pytest.mark.parametrize(
        "presented",
        ["sk", "sk_", "sk_abc", "sk_abc_", "xx_abc_def", "sk_a\x00c_def", "sk_é_def", "sk_ab_" + "x" * 10_000],
    )
    def test_refuses_what_does_not_look_like_a_key_without_asking_postgres(self, presented: str) -> None:
        assert refusal_of(presented) == (Unauthenticated, "malformed_key")

    def test_refuses_an_unknown_key(self, uk: str) -> None:
        assert refusal_of("sk_0123456789abcdef_nobody") == (Unauthenticated, "unknown_key")

    def test_refuses_a_wrong_secret_of_a_known_key(self, secret: IssuedKey) -> None:
        api.authenticate(presented=secret.secret, origin=None)
        assert refusal_of(secret.secret[:-1] + "?") == (Unauthenticated, "unknown_key")

    def test_refuses_the_other_prefix_on_the_same_secret(self, secret: IssuedKey) -> None:
        assert refusal_of("pk" + secret.secret[2:]) == (Unauthenticated, "unknown_key")

    def test_refuses_a_revoked_key_at_once(self, secret: IssuedKey, now: datetime) -> None:
        api.authenticate(presented=secret.secret, origin=None)
        api.revoke_key(site_id="uk", key_id=secret.key_id, now=now)
        assert refusal_of(secret.secret) == (Unauthenticated, "revoked_key")

    def test_refuses_an_expired_key_even_from_memory(self, secret: IssuedKey, now: datetime) -> None:
        ApiKey.objects.filter(key_id=secret.key_id).update(expires_at=now)
        before = gate.authenticate(presented=secret.secret, origin=None, now=now - timedelta(seconds=1))
        assert before.key_id == secret.key_id
        with pytest.raises(Unauthenticated) as refused:
            gate.authenticate(presented=secret.secret, origin=None, now=now)
        assert refused.value.code == "expired_key"

    def test_refuses_a_secret_key_in_a_browser(self, secret: IssuedKey) -> None:
        assert refusal_of(secret.secret, SHOP) == (Denied, "secret_key_in_browser")

    @pytest.mark.parametrize("origin", [None, SHOP])
    def test_takes_a_publishable_key_from_its_origin_or_from_no_browser(
        self, publishable: IssuedKey, origin: str | None
    ) -> None:
        assert api.authenticate(presented=publishable.secret, origin=origin).kind == "publishable"

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "http://shop.example", SHOP + ".evil.example", SHOP + ":8443", "null", SHOP + "/"],
    )
    def test_refuses_a_publishable_key_from_another_origin(self, publishable: IssuedKey, origin: str) -> None:
        assert refusal_of(publishable.secret, origin) == (Denied, "origin_not_allowed")

    def test_takes_any_origin_where_the_key_says_so(self, uk: str) -> None:
        key = api.create_key(site_id=uk, kind="publishable", name="demo", allowed_origins=["*"])
        assert api.authenticate(presented=key.secret, origin="https://any.example").site_id == "uk"

    def test_reads_a_key_once_while_it_is_fresh(self, secret: IssuedKey) -> None:
        api.authenticate(presented=secret.secret, origin=None)
        with mock.patch.object(gate, "find_key") as find_key:
            api.authenticate(presented=secret.secret, origin=None)
        find_key.assert_not_called()

    def test_reads_a_key_again_when_it_is_not_fresh(self, secret: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "FRESH_SECONDS", 0.0)
        api.authenticate(presented=secret.secret, origin=None)
        ApiKey.objects.filter(key_id=secret.key_id).delete()
        assert refusal_of(secret.secret) == (Unauthenticated, "unknown_key")

    def test_notes_the_use_once_an_hour(self, secret: IssuedKey, now: datetime) -> None:
        for minutes in (0, 59, 61):
            gate.authenticate(presented=secret.secret, origin=None, now=now + timedelta(minutes=minutes))
            used = ApiKey.objects.get(key_id=secret.key_id).last_used_at
            assert used == now + timedelta(minutes=61 if minutes == 61 else 0)


class TestAuthenticateWithoutPostgres:
    @pytest.fixture(autouse=True)
    def _stale_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "FRESH_SECONDS", 0.0)
        monkeypatch.setattr(gate, "RETRY_SECONDS", 0.0)

    def test_keeps_a_key_that_was_verified_lately(self, secret: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
        api.authenticate(presented=secret.secret, origin=None)
        monkeypatch.setattr(gate, "find_key", mock.Mock(side_effect=OperationalError))
        assert api.authenticate(presented=secret.secret, origin=None).key_id == secret.key_id
        assert refusal_of(secret.secret + "x") == (Unauthenticated, "unknown_key")

    def test_answers_unavailable_for_a_key_verified_too_long_ago(
        self, secret: IssuedKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.authenticate(presented=secret.secret, origin=None)
        monkeypatch.setattr(gate, "TRUSTED_SECONDS", -1.0)
        monkeypatch.setattr(gate, "find_key", mock.Mock(side_effect=OperationalError))
        assert refusal_of(secret.secret) == (Unavailable, "key_unverifiable")

    def test_answers_unavailable_for_an_unknown_key(self, secret: IssuedKey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "find_key", mock.Mock(side_effect=OperationalError))
        assert refusal_of(secret.secret) == (Unavailable, "key_unverifiable")


class TestRequireScope:
    CALLER = Caller("k", "uk", "publishable", frozenset({"recommend:read"}))

    def test_returns_the_caller_with_the_scope(self) -> None:
        assert api.require_scope(caller=self.CALLER, scope="recommend:read") is self.CALLER

    def test_refuses_a_caller_without_it(self) -> None:
        with pytest.raises(Denied) as refused:
            api.require_scope(caller=self.CALLER, scope="catalog:write")
        assert (refused.value.code, refused.value.extra) == ("missing_scope", {"scope": "catalog:write"})

    def test_refuses_nobody(self) -> None:
        with pytest.raises(Unauthenticated):
            api.require_scope(caller=None, scope="recommend:read")


class TestCheckRate:
    def test_refuses_the_request_above_the_limit(self, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.time", lambda: 1_000.25)
        monkeypatch.setattr("django.conf.settings.RATE_LIMIT_PER_SECOND", 3)
        for _ in range(3):
            api.check_rate(caller=TestRequireScope.CALLER)
        with pytest.raises(Throttled) as refused:
            api.check_rate(caller=TestRequireScope.CALLER)
        assert refused.value.retry_after == 0.75

    def test_counts_each_key_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.time", lambda: 2_000.0)
        monkeypatch.setattr("django.conf.settings.RATE_LIMIT_PER_SECOND", 1)
        api.check_rate(caller=TestRequireScope.CALLER)
        api.check_rate(caller=Caller("other", "uk", "secret", frozenset()))


class TestCheckShopperClaim:
    @pytest.mark.parametrize("ref", [ShopperRef(customer_id="c"), ShopperRef(anonymous_id="a", customer_id="c")])
    def test_refuses_a_customer_from_a_publishable_key(self, ref: ShopperRef) -> None:
        with pytest.raises(Denied) as refused:
            api.check_shopper_claim(caller=TestRequireScope.CALLER, ref=ref)
        assert (refused.value.code, refused.value.field) == ("customer_needs_secret_key", "customer_id")

    def test_takes_an_anonymous_id_from_it(self) -> None:
        api.check_shopper_claim(caller=TestRequireScope.CALLER, ref=ShopperRef(anonymous_id="a"))

    def test_takes_a_customer_from_a_secret_key(self) -> None:
        secret = Caller("k", "uk", "secret", frozenset())
        api.check_shopper_claim(caller=secret, ref=ShopperRef(customer_id="c"))
