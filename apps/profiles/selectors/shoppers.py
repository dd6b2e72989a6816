"""Reads of shoppers: one query for any number of them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import InterfaceError, OperationalError
from django.db.models import F, OuterRef

from apps.profiles.contracts import ConsentState, Shopper, ShopperProfile, ShopperQuestion, ShopperRef
from apps.profiles.models import Consent, ShopperIdentity
from apps.profiles.selectors import entries
from specrec.kernel import ids
from specrec.kernel.errors import Invalid, NotFound


def identity_of(ref: ShopperRef) -> tuple[str, str] | None:
    """Return kind and value of the identity that the reference names: the customer where both are given."""
    if ref.customer_id is not None:
        return "customer", ref.customer_id
    if ref.anonymous_id is not None:
        return "anonymous", ref.anonymous_id
    return None


def get_shopper(*, site_id: str, ref: ShopperRef) -> Shopper | None:
    """Return whom the reference means: from Redis, else from Postgres, else (both away) without any consent."""
    question = make_question(site_id=site_id, ref=ref)
    return None if question is None else read_shopper(question=question, entry=entries.read(question.key))


def make_question(*, site_id: str, ref: ShopperRef) -> ShopperQuestion | None:
    """Return where to look for whom the reference means; None when it names nobody."""
    identity = identity_of(ref)
    if identity is None:
        return None
    return ShopperQuestion(site_id, ids.shopper_id(site_id, *identity), entries.entry_key(site_id, *identity))


def read_shopper(*, question: ShopperQuestion, entry: bytes | None) -> Shopper:
    """Return the shopper of the Redis entry; without a usable one from Postgres, else without any consent."""
    found = entries.unpacked(entry)
    if found is not None:
        return found
    own_id = question.shopper_id
    try:
        known = read_shoppers(site_id=question.site_id, own_ids=[own_id])
    except (OperationalError, InterfaceError):
        return Shopper(own_id)
    version, shopper = known.get(own_id, (0, Shopper(own_id)))
    entries.fill(question.key, version=version, shopper=shopper)
    return shopper


def resolve_shoppers(*, site_id: str, refs: Iterable[ShopperRef]) -> dict[ShopperRef, Shopper]:
    """Return whom each reference means, by one look-up; references that name nobody are left out."""
    named = {ref: ids.shopper_id(site_id, *identity) for ref in refs if (identity := identity_of(ref))}
    found = read_shoppers(site_id=site_id, own_ids=set(named.values()))
    return {ref: found[own_id][1] if own_id in found else Shopper(own_id) for ref, own_id in named.items()}


def read_shoppers(*, site_id: str, own_ids: Collection[UUID]) -> dict[UUID, tuple[int, Shopper]]:
    """Return version and shopper by own id for the identities that are known."""
    if not own_ids:
        return {}
    aliases = ShopperIdentity.objects.filter(shopper_id=OuterRef("shopper_id")).exclude(own_id=OuterRef("shopper_id"))
    granted = Consent.objects.filter(shopper_id=OuterRef("shopper_id"), granted=True)
    rows = ShopperIdentity.objects.filter(own_id__in=own_ids, site_id=site_id).values_list(
        "own_id",
        "shopper_id",
        F("shopper__version"),
        ArraySubquery(aliases.order_by("own_id").values("own_id")),
        ArraySubquery(granted.values("purpose")),
    )
    return {
        own_id: (version, Shopper(shopper_id, tuple(alias_ids), frozenset(purposes)))
        for own_id, shopper_id, version, alias_ids, purposes in rows
    }


def list_aliases(*, site_id: str) -> dict[UUID, UUID]:
    """Return merged id to canonical id for all merged shoppers of the site."""
    rows = ShopperIdentity.objects.filter(site_id=site_id).exclude(own_id=F("shopper_id"))
    return dict(rows.values_list("own_id", "shopper_id"))


def get_profile(*, site_id: str, ref: ShopperRef) -> ShopperProfile:
    """Return the shopper with all identities and consents; raises NotFound, or Invalid for nobody."""
    identity = identity_of(ref)
    if identity is None:
        raise Invalid("Name the shopper by anonymous_id or customer_id.", code="missing_field", field="anonymous_id")
    own_id = ids.shopper_id(site_id, *identity)
    found = ShopperIdentity.objects.filter(own_id=own_id, site_id=site_id).first()
    if found is None:
        field = "customer_id" if ref.customer_id else "anonymous_id"
        raise NotFound("Nothing is known of this shopper.", code="unknown_shopper", field=field)
    names = ShopperIdentity.objects.filter(shopper_id=found.shopper_id).order_by("value").values_list("kind", "value")
    consents = Consent.objects.filter(shopper_id=found.shopper_id).order_by("purpose")
    return ShopperProfile(
        shopper_id=found.shopper_id,
        anonymous_ids=tuple(value for kind, value in names if kind == "anonymous"),
        customer_ids=tuple(value for kind, value in names if kind == "customer"),
        consents=tuple(ConsentState(word.purpose, word.granted, word.at, word.source) for word in consents),
    )
