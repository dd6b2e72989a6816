"""Reads of shoppers: one query for any number of them."""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from apps.profiles.contracts import ConsentState, Shopper, ShopperProfile, ShopperQuestion, ShopperRef
from apps.profiles.models import Consent, ShopperIdentity
from apps.profiles.selectors import entries
from specrec.kernel import ids
from specrec.kernel.errors import Invalid, NotFound

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


class _Away:
    """After Postgres did not answer, serving leaves it alone for a moment instead of waiting for it once a request."""

    until = 0.0


# Written out, because every batch of events waits for it: the ORM takes as long to build it as PostgreSQL to answer.
_READ = """
SELECT own.own_id, own.shopper_id, shopper.version,
    ARRAY (
        SELECT alias.own_id FROM profiles_shopperidentity AS alias
        WHERE alias.shopper_id = own.shopper_id AND alias.own_id <> own.shopper_id ORDER BY alias.own_id
    ),
    ARRAY (SELECT word.purpose FROM profiles_consent AS word WHERE word.shopper_id = own.shopper_id AND word.granted)
FROM profiles_shopperidentity AS own JOIN profiles_shopper AS shopper ON shopper.shopper_id = own.shopper_id
WHERE own.own_id = ANY (%s) AND own.site_id = %s
"""


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
    return None if question is None else read_shopper(question=question, found=entries.read(question.keys))


def make_question(*, site_id: str, ref: ShopperRef) -> ShopperQuestion | None:
    """Return where to look for whom the reference means; None when it names nobody."""
    identity = identity_of(ref)
    if identity is None:
        return None
    return ShopperQuestion(site_id, ids.shopper_id(site_id, *identity), entries.entry_keys(site_id, *identity))


def read_shopper(*, question: ShopperQuestion, found: Sequence[bytes | None] | None) -> Shopper:
    """Return the shopper of what stands in Redis; when that does not count from Postgres, else without any consent."""
    known = entries.unpacked(found)
    if known is not None:
        return known
    own_id = question.shopper_id
    if time.monotonic() < _Away.until:
        return Shopper(own_id)
    try:
        tag = entries.tag_of(found)  # first: what is read before it may be older than it says
        rows = read_shoppers(site_id=question.site_id, own_ids=[own_id])
    except (OperationalError, InterfaceError) as error:
        logger.warning("shoppers count as without consent, Postgres unavailable: %s", type(error).__name__)
        _Away.until = time.monotonic() + PAUSE_SECONDS
        return Shopper(own_id)
    version, shopper = rows.get(own_id, (0, Shopper(own_id)))
    if tag is not None:
        entries.fill(question.keys[0], version=version, shopper=shopper, tag=tag)
    return shopper


def resume() -> None:
    """Know nothing of the parts, as a new process does."""
    _Away.until = 0.0
    entries.resume()


def resolve_shoppers(*, site_id: str, refs: Iterable[ShopperRef]) -> dict[ShopperRef, Shopper]:
    """Return whom each reference means, by one look-up; references that name nobody are left out."""
    named = {ref: ids.shopper_id(site_id, *identity) for ref in refs if (identity := identity_of(ref))}
    found = read_shoppers(site_id=site_id, own_ids=set(named.values()))
    return {ref: found[own_id][1] if own_id in found else Shopper(own_id) for ref, own_id in named.items()}


def read_shoppers(*, site_id: str, own_ids: Collection[UUID]) -> dict[UUID, entries.Known]:
    """Return version and shopper by own id for the identities that are known."""
    if not own_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(own_ids), site_id])
        return {
            own_id: entries.Known(version, Shopper(shopper_id, tuple(alias_ids), frozenset(purposes)))
            for own_id, shopper_id, version, alias_ids, purposes in cursor.fetchall()
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
