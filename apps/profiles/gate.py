"""May this caller do this now. Keys are verified against Postgres and remembered in this process.

Failure policy: closed. While Postgres is away a key that was verified within the last ten minutes stays valid; a key
that this process does not know is answered with 503, because nobody can tell.
"""

import hmac
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError

from apps.profiles.contracts import Caller, ShopperRef
from apps.profiles.models import ApiKey
from apps.profiles.selectors.keys import KeyRecord, find_key
from specrec.kernel import crypto, ratelimit
from specrec.kernel.errors import Denied, Unauthenticated, Unavailable

logger = logging.getLogger(__name__)

FRESH_SECONDS = 10.0
TRUSTED_SECONDS = 600.0
RETRY_SECONDS = 2.0
MAX_KEY_LENGTH = 128
_PREFIXES = {"pk": "publishable", "sk": "secret"}
_USED_ACCURACY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Remembered:
    record: KeyRecord
    verified: float  # monotonic: when Postgres last confirmed it
    retry_at: float  # monotonic: not before then is Postgres asked again


_remembered: dict[str, _Remembered] = {}


def presented_key(*, authorization: str | None, key_header: str | None) -> str | None:
    """Return the key that the headers present, or None; raises Unauthenticated for another kind of authorization."""
    if key_header:
        return key_header
    if not authorization:
        return None
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        message = "Send the key as `Authorization: Bearer KEY` or `X-Specrec-Key: KEY`."
        raise Unauthenticated(message, code="malformed_key")
    return value.strip()


def authenticate(*, presented: str | None, origin: str | None, now: datetime) -> Caller:
    """Return who presents this key; raises Unauthenticated, Denied (wrong place for this key) or Unavailable."""
    if not presented:
        message = "A key is needed: send `Authorization: Bearer KEY` or `X-Specrec-Key: KEY`."
        raise Unauthenticated(message, code="missing_key")
    record = _verified(_key_id(presented), presented, now)
    if record.revoked_at is not None and record.revoked_at <= now:
        raise Unauthenticated("This key has been revoked.", code="revoked_key")
    if record.expires_at is not None and record.expires_at <= now:
        raise Unauthenticated("This key has expired.", code="expired_key")
    if origin:
        _check_origin(record, origin)
    return record.caller


def require_scope(*, caller: Caller | None, scope: str) -> Caller:
    """Return the caller if it has the scope; raises Unauthenticated or Denied."""
    if caller is None:
        raise Unauthenticated("A key is needed.", code="missing_key")
    if scope not in caller.scopes:
        raise Denied(f"This key lacks the scope {scope}.", code="missing_scope", scope=scope)
    return caller


def caller_of(auth: object) -> Caller:
    """Return what authentication left on a request as the Caller that it is; raises Unauthenticated."""
    if not isinstance(auth, Caller):
        raise Unauthenticated("A key is needed.", code="missing_key")
    return auth


def check_rate(*, caller: Caller) -> None:
    """Count one request of the key; raises Throttled."""
    ratelimit.check_rate(bucket=caller.key_id, per_second=settings.RATE_LIMIT_PER_SECOND)


def check_shopper_claim(*, caller: Caller, ref: ShopperRef) -> None:
    """Refuse a customer id from a publishable key: anybody could send anybody's. Raises Denied."""
    if caller.kind == "publishable" and ref.customer_id is not None:
        message = "Only a secret key may name a customer. Use the anonymous id that the browser holds."
        raise Denied(message, code="customer_needs_secret_key", field="customer_id")


def forget(key_id: str) -> None:
    """Have the key read again at its next use in this process."""
    _remembered.pop(key_id, None)


def forget_all() -> None:
    """Have every key read again, as in a new process."""
    _remembered.clear()


def _key_id(presented: str) -> str:
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix not in _PREFIXES or not secret or not key_id.isalnum() or not presented.isascii():
        raise Unauthenticated("This is not a key of ours; they look like pk_... or sk_...", code="malformed_key")
    if len(presented) > MAX_KEY_LENGTH:
        raise Unauthenticated("This is not a key of ours: it is too long.", code="malformed_key")
    return key_id


def _verified(key_id: str, presented: str, now: datetime) -> KeyRecord:
    held = _remembered.get(key_id)
    if held is None or time.monotonic() >= held.retry_at:
        held = _read_again(key_id, held)
    if held is None or not hmac.compare_digest(held.record.secret_hash, crypto.hash_secret(presented)):
        raise Unauthenticated("Nobody knows this key.", code="unknown_key")
    _note_use(key_id, held, now)
    return held.record


def _read_again(key_id: str, held: _Remembered | None) -> _Remembered | None:
    asked = time.monotonic()
    try:
        record = find_key(key_id)
    except (OperationalError, InterfaceError) as error:
        return _trusted_without_postgres(key_id, held, error)
    if record is None:
        forget(key_id)
        return None
    fresh = _Remembered(record, verified=asked, retry_at=asked + FRESH_SECONDS)
    _remembered[key_id] = fresh
    return fresh


def _trusted_without_postgres(key_id: str, held: _Remembered | None, error: Exception) -> _Remembered:
    now = time.monotonic()
    if held is None or now - held.verified > TRUSTED_SECONDS:
        message = "The key cannot be checked at the moment. Try again."
        raise Unavailable(message, code="key_unverifiable", retry_after=RETRY_SECONDS) from error
    logger.warning("key %s stays valid from memory: Postgres does not answer", key_id)
    waiting = replace(held, retry_at=now + RETRY_SECONDS)
    _remembered[key_id] = waiting
    return waiting


def _note_use(key_id: str, held: _Remembered, now: datetime) -> None:
    """Write when the key was last used, at most once an hour, and never let that stand in the way."""
    used = held.record.last_used_at
    if used is not None and now - used < _USED_ACCURACY:
        return
    _remembered[key_id] = replace(held, record=replace(held.record, last_used_at=now))
    try:
        ApiKey.objects.filter(key_id=key_id).update(last_used_at=now)
    except (OperationalError, InterfaceError):
        logger.warning("the use of key %s could not be noted", key_id)


def _check_origin(record: KeyRecord, origin: str) -> None:
    if record.caller.kind == "secret":
        message = "A secret key must not be used in a browser: anybody can read it there. Revoke it, use a pk_ key."
        raise Denied(message, code="secret_key_in_browser")
    if origin not in record.allowed_origins and "*" not in record.allowed_origins:
        message = f"This key may not be used from {origin[:200]}. Add the origin to the key in the admin."
        raise Denied(message, code="origin_not_allowed")
