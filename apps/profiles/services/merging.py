"""Two names, one person: the browser's anonymous shopper becomes the customer who signed in."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.profiles.contracts import Shopper as ShopperState
from apps.profiles.models import Consent, ConsentRecord, Shopper, ShopperIdentity
from apps.profiles.selectors.shoppers import read_shoppers
from apps.profiles.services.identities import (
    Identity,
    Locked,
    lock_identities,
    lock_shoppers,
    next_version,
    publish,
    save_shoppers,
)
from specrec.kernel import ids
from specrec.kernel.errors import Conflict

SOURCE = "merge"


def merge_shoppers(*, site_id: str, anonymous_id: str, customer_id: str, now: datetime) -> ShopperState:
    """Make the anonymous shopper an alias of the customer and return the customer; doing it again changes nothing.

    Raises Conflict when the anonymous id belongs to another customer already: one browser used by two people must not
    make one person of them, nor hand the first one's history to the second.
    """
    anonymous = Identity(ids.shopper_id(site_id, "anonymous", anonymous_id), "anonymous", anonymous_id)
    customer = Identity(ids.shopper_id(site_id, "customer", customer_id), "customer", customer_id)
    with transaction.atomic():
        meant = lock_identities(site_id=site_id, identities=[anonymous, customer])
        merged, canonical = meant[anonymous.own_id], meant[customer.own_id]
        shoppers = lock_shoppers(site_id=site_id, shopper_ids={merged, canonical})
        if merged != canonical:
            if merged != anonymous.own_id:
                message = (
                    "This anonymous id belongs to another customer. Give the browser a new one when people change."
                )
                raise Conflict(message, code="already_merged", field="anonymous_id")
            _absorb(site_id, shoppers[merged], shoppers[canonical], now)
            publish(shopper_ids=[canonical], narrows=True)
        return _state(site_id, customer.own_id)


def _absorb(site_id: str, merged: Locked, canonical: Locked, now: datetime) -> None:
    """Make one person of two, whose newest word holds whole; of two at the same moment only what both grant holds."""
    ShopperIdentity.objects.filter(shopper_id=merged.shopper_id).update(shopper_id=canonical.shopper_id)
    if merged.consent_at is not None and merged.consent_at == canonical.consent_at:
        _narrow_consents(site_id, merged, canonical, now)
    elif merged.consent_at is not None and (canonical.consent_at is None or merged.consent_at > canonical.consent_at):
        _carry_consents(site_id, merged, canonical, now)
        canonical.consent_at = merged.consent_at
    canonical.version = next_version(merged.version, canonical.version)
    save_shoppers([canonical])
    Consent.objects.filter(shopper_id=merged.shopper_id).delete()
    Shopper.objects.filter(shopper_id=merged.shopper_id).delete()


def _narrow_consents(site_id: str, merged: Locked, canonical: Locked, now: datetime) -> None:
    both = Consent.objects.filter(shopper_id=merged.shopper_id, granted=True).values("purpose")
    wider = Consent.objects.filter(shopper_id=canonical.shopper_id, granted=True).exclude(purpose__in=both)
    if wider.update(granted=False, at=now, source=SOURCE):
        _keep_record(site_id, canonical, now)


def _carry_consents(site_id: str, merged: Locked, canonical: Locked, now: datetime) -> None:
    Consent.objects.filter(shopper_id=canonical.shopper_id).delete()
    Consent.objects.filter(shopper_id=merged.shopper_id).update(shopper_id=canonical.shopper_id)
    _keep_record(site_id, canonical, now)


def _keep_record(site_id: str, canonical: Locked, now: datetime) -> None:
    granted = Consent.objects.filter(shopper_id=canonical.shopper_id, granted=True).order_by("purpose")
    ConsentRecord.objects.create(
        site_id=site_id,
        shopper_id=canonical.shopper_id,
        granted=list(granted.values_list("purpose", flat=True)),
        at=now,
        source=SOURCE,
    )


def _state(site_id: str, own_id: UUID) -> ShopperState:
    return read_shoppers(site_id=site_id, own_ids=[own_id])[own_id][1]
