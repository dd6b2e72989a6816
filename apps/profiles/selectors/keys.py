"""Reads of API keys."""

from dataclasses import dataclass
from datetime import datetime

from apps.profiles.contracts import Caller, KeyInfo, KeyKind
from apps.profiles.models import ApiKey


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What the gate needs of a key."""

    caller: Caller
    secret_hash: str
    allowed_origins: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def find_key(key_id: str) -> KeyRecord | None:
    """Return the key by its public part, or None."""
    key = ApiKey.objects.filter(key_id=key_id).first()
    if key is None:
        return None
    kind: KeyKind = "secret" if key.kind == ApiKey.Kind.SECRET else "publishable"
    return KeyRecord(
        caller=Caller(key_id=key.key_id, site_id=key.site_id, kind=kind, scopes=frozenset(key.scopes)),
        secret_hash=key.secret_hash,
        allowed_origins=frozenset(key.allowed_origins),
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def list_keys(*, site_id: str) -> list[KeyInfo]:
    """Return the keys of a site, newest first, without anything secret."""
    return [
        KeyInfo(
            key_id=key.key_id,
            site_id=key.site_id,
            kind="secret" if key.kind == ApiKey.Kind.SECRET else "publishable",
            name=key.name,
            scopes=tuple(key.scopes),
            allowed_origins=tuple(key.allowed_origins),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
        )
        for key in ApiKey.objects.filter(site_id=site_id).order_by("-created_at", "key_id")
    ]
