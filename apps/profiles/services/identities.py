"""Identities and shoppers under lock, and readers who learn of every change."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.profiles.models import Lapse, ShopperIdentity
from apps.profiles.selectors import entries, leases

# In order of ids, so that two who make or lock the same cannot wait for each other.
_MAKE_IDENTITIES = """
INSERT INTO profiles_shopperidentity (own_id, site_id, kind, value, shopper_id)
SELECT new.own_id, %s, new.kind, new.value, new.own_id
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new (own_id, kind, value) ORDER BY new.own_id
ON CONFLICT DO NOTHING
"""
_LOCK_IDENTITIES = """
SELECT own_id, shopper_id FROM profiles_shopperidentity WHERE own_id = ANY (%s::uuid[])
ORDER BY own_id FOR NO KEY UPDATE
"""
_LOCK_SHOPPERS = """
SELECT shopper_id, consent_at, version FROM profiles_shopper WHERE shopper_id = ANY (%s::uuid[])
ORDER BY shopper_id FOR NO KEY UPDATE
"""
_MAKE_SHOPPERS = """
INSERT INTO profiles_shopper (shopper_id, site_id, created_at, version)
SELECT shopper_id, %s, statement_timestamp(), 0 FROM unnest(%s::uuid[]) AS shopper_id
"""
_SAVE_SHOPPERS = """
UPDATE profiles_shopper AS shopper SET consent_at = new.consent_at, version = new.version
FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[]) AS new (shopper_id, consent_at, version)
WHERE shopper.shopper_id = new.shopper_id
"""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A name by which a shopper comes, with the id derived from it."""

    own_id: UUID
    kind: str
    value: str


@dataclass(slots=True)
class Locked:
    """A shopper whose row is locked: when the newest word was said, and the version that any change makes grow."""

    shopper_id: UUID
    consent_at: datetime | None
    version: int


def lock_identities(*, site_id: str, identities: Collection[Identity]) -> dict[UUID, UUID]:
    """Lock the identities (made where they are new) until the transaction ends; return own id to canonical id."""
    own_ids = [identity.own_id for identity in identities]
    known = set(ShopperIdentity.objects.filter(own_id__in=own_ids).values_list("own_id", flat=True))
    missing = sorted(identity for identity in identities if identity.own_id not in known)
    with connection.cursor() as cursor:
        if missing:
            kinds, values = [new.kind for new in missing], [new.value for new in missing]
            cursor.execute(_MAKE_IDENTITIES, [site_id, _listed(new.own_id for new in missing), kinds, values])
        cursor.execute(_LOCK_IDENTITIES, [_listed(own_ids)])
        return dict(cursor.fetchall())


def lock_shoppers(*, site_id: str, shopper_ids: Iterable[UUID]) -> dict[UUID, Locked]:
    """Lock the shoppers (made where their identity is new) until the transaction ends. Lock their identities first."""
    wanted = sorted(shopper_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SHOPPERS, [_listed(wanted)])
        found = {row[0]: Locked(*row) for row in cursor.fetchall()}
        missing = [shopper_id for shopper_id in wanted if shopper_id not in found]
        if missing:
            cursor.execute(_MAKE_SHOPPERS, [site_id, _listed(missing)])
    return found | {shopper_id: Locked(shopper_id, None, 0) for shopper_id in missing}


def save_shoppers(shoppers: Collection[Locked]) -> None:
    """Write what was changed of locked shoppers."""
    times = [shopper.consent_at for shopper in shoppers]
    versions = [shopper.version for shopper in shoppers]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE_SHOPPERS, [_listed(shopper.shopper_id for shopper in shoppers), times, versions])


def next_version(*before: int) -> int:
    """Return a version above all before; microseconds, so that it also grows across a restored database."""
    return max(*before, 0) + 1 if max(before) >= _microseconds() else _microseconds()


def publish(*, shopper_ids: Collection[UUID], narrows: bool) -> None:
    """Make readers learn of these changed shoppers with their next answer, in the transaction that changes them.

    Their Redis entries are marked. When Redis cannot be told, a lapse is committed with the change; what `narrows` a
    consent then also waits, after the commit, until no reader can still trust an older entry.
    """
    if not shopper_ids:
        return
    names = ShopperIdentity.objects.filter(shopper_id__in=shopper_ids)
    rows = names.values_list("site_id", "kind", "value", "shopper__version")
    versions = {entries.entry_keys(site_id, kind, value)[0]: version for site_id, kind, value, version in rows}
    if entries.mark(versions):
        return
    Lapse.objects.create()
    if narrows:
        transaction.on_commit(leases.outlast)


def _listed(ids: Iterable[UUID]) -> str:
    """Return the ids as PostgreSQL reads an array, at a fraction of what the driver takes to write one."""
    return "{" + ",".join([one.hex for one in ids]) + "}"


def _microseconds() -> int:
    return time.time_ns() // 1_000
