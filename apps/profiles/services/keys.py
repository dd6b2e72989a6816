"""Writes of API keys: made, rotated, revoked. The secret leaves this module once and is never stored."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from apps.profiles.contracts import PUBLISHABLE_SCOPES, SCOPES, IssuedKey, KeyKind
from apps.profiles.models import ORIGIN, ApiKey, Site
from specrec.kernel import crypto
from specrec.kernel.errors import Conflict, Invalid, NotFound

MAX_NAME = 200
PREFIXES: dict[KeyKind, str] = {"publishable": "pk", "secret": "sk"}


def create_key(
    *,
    site_id: str,
    kind: KeyKind,
    name: str,
    scopes: Sequence[str] | None = None,
    allowed_origins: Sequence[str] = (),
) -> IssuedKey:
    """Make a key with these scopes (all of its kind, when None); raises Invalid, or NotFound for the site."""
    if kind not in PREFIXES:
        raise Invalid(f"A key is publishable or secret, not {kind!r}.", code="bad_kind", field="kind")
    if not Site.objects.filter(slug=site_id).exists():
        raise NotFound(f"There is no site {site_id}.", code="unknown_site", field="site_id")
    return _issue(
        ApiKey(
            site_id=site_id,
            kind=kind,
            name=_checked_name(name),
            scopes=_checked_scopes(kind, scopes),
            allowed_origins=_checked_origins(kind, allowed_origins),
        ),
        kind,
    )


def rotate_key(*, site_id: str, key_id: str, overlap: timedelta, now: datetime) -> IssuedKey:
    """Make a successor with the same rights; the old key works on for `overlap`. Raises NotFound, Conflict, Invalid."""
    if overlap < timedelta(0):
        raise Invalid("The overlap cannot be negative.", code="bad_overlap", field="overlap")
    with transaction.atomic():
        old = _locked(site_id, key_id)
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
            raise Conflict(f"The key {key_id} works no more; create a new one.", code="key_ended", field="key_id")
        ends = now + overlap
        old.expires_at = ends if old.expires_at is None else min(old.expires_at, ends)
        old.save(update_fields=["expires_at"])
        kind: KeyKind = "secret" if old.kind == ApiKey.Kind.SECRET else "publishable"
        successor = ApiKey(
            site_id=site_id, kind=kind, name=old.name, scopes=old.scopes, allowed_origins=old.allowed_origins
        )
        return _issue(successor, kind)


def revoke_key(*, site_id: str, key_id: str, now: datetime) -> None:
    """End the key at once, everywhere within ten seconds; revoking again changes nothing. Raises NotFound."""
    with transaction.atomic():
        key = _locked(site_id, key_id)
        if key.revoked_at is None:
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])


def retire_rotated_keys(*, now: datetime) -> int:
    """Mark keys whose time is over as revoked, so that nobody revives them by moving the date; return how many."""
    ended = ApiKey.objects.filter(revoked_at__isnull=True, expires_at__lte=now)
    return ended.update(revoked_at=F("expires_at"))


def _issue(key: ApiKey, kind: KeyKind) -> IssuedKey:
    key.key_id = secrets.token_hex(8)
    text = f"{PREFIXES[kind]}_{key.key_id}_{crypto.new_secret()}"
    key.secret_hash = crypto.hash_secret(text)
    key.save(force_insert=True)
    return IssuedKey(key_id=key.key_id, site_id=key.site_id, kind=kind, secret=text)


def _locked(site_id: str, key_id: str) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(site_id=site_id, key_id=key_id).first()
    if key is None:
        raise NotFound(f"The site {site_id} has no key {key_id}.", code="unknown_key", field="key_id")
    return key


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > MAX_NAME or "\x00" in name:
        raise Invalid("Give the key a name of 1 to 200 characters.", code="bad_name", field="name")
    return name.strip()


def _checked_scopes(kind: KeyKind, scopes: Sequence[str] | None) -> list[str]:
    possible = PUBLISHABLE_SCOPES if kind == "publishable" else SCOPES
    chosen = list(dict.fromkeys(possible if scopes is None else scopes))
    wrong = [scope for scope in chosen if scope not in possible]
    if wrong or not chosen:
        message = f"A {kind} key may have the scopes {', '.join(possible)}; got {', '.join(wrong) or 'none'}."
        raise Invalid(message, code="bad_scopes", field="scopes")
    return chosen


def _checked_origins(kind: KeyKind, origins: Sequence[str]) -> list[str]:
    if kind == "secret" and origins:
        message = "A secret key must never reach a browser, so it has no allowed origins."
        raise Invalid(message, code="bad_origins", field="allowed_origins")
    for origin in origins:
        if not re.match(ORIGIN, origin):
            message = f'Write an origin like https://shop.example, without a path, or "*"; got {origin!r}.'
            raise Invalid(message, code="bad_origins", field="allowed_origins")
    return list(dict.fromkeys(origins))
