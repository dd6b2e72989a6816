"""Identities and shoppers under lock, and readers who learn of every change."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.profiles.models import Lapse, Shopper, ShopperIdentity
from apps.profiles.selectors import entries, leases


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A name by which a shopper comes, with the id derived from it."""

    own_id: UUID
    kind: str
    value: str


def lock_identities(*, site_id: str, identities: Collection[Identity]) -> dict[UUID, UUID]:
    """Lock the identities (made where they are new) until the transaction ends; return own id to canonical id."""
    own_ids = [identity.own_id for identity in identities]
    known = set(ShopperIdentity.objects.filter(own_id__in=own_ids).values_list("own_id", flat=True))
    ShopperIdentity.objects.bulk_create(
        (
            ShopperIdentity(own_id=new.own_id, site_id=site_id, kind=new.kind, value=new.value, shopper_id=new.own_id)
            for new in sorted(identities)
            if new.own_id not in known
        ),
        ignore_conflicts=True,
    )
    rows = ShopperIdentity.objects.filter(own_id__in=own_ids).order_by("own_id").select_for_update(no_key=True)
    return dict(rows.values_list("own_id", "shopper_id"))


def lock_shoppers(*, site_id: str, shopper_ids: Iterable[UUID]) -> dict[UUID, Shopper]:
    """Lock the shoppers (made where their identity is new) until the transaction ends. Lock their identities first."""
    wanted = sorted(shopper_ids)
    found = _locked(wanted)
    missing = [shopper_id for shopper_id in wanted if shopper_id not in found]
    if missing:
        made = [Shopper(shopper_id=shopper_id, site_id=site_id) for shopper_id in missing]
        Shopper.objects.bulk_create(made)
        found |= {shopper.shopper_id: shopper for shopper in made}
    return found


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


def _locked(shopper_ids: Collection[UUID]) -> dict[UUID, Shopper]:
    rows = Shopper.objects.filter(shopper_id__in=shopper_ids).order_by("shopper_id").select_for_update(no_key=True)
    return {shopper.shopper_id: shopper for shopper in rows}


def _microseconds() -> int:
    return time.time_ns() // 1_000
