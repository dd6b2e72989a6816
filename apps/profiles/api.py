"""The face of profiles: sites, keys, shoppers, consent. Functions only, keyword-only, plain data in and out.

What belongs here: who somebody is, whether they may, what they consented to. What does not: what they did (tracking)
and what they are shown (recommend). Nothing here knows HTTP.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from apps.profiles import gate
from apps.profiles.contracts import (
    Caller,
    ConsentAnswer,
    ConsentInput,
    ConsentSignal,
    IssuedKey,
    KeyInfo,
    KeyKind,
    Shopper,
    ShopperProfile,
    ShopperQuestion,
    ShopperRef,
    SiteInfo,
)
from apps.profiles.selectors import keys as key_selectors
from apps.profiles.selectors import shoppers as shopper_selectors
from apps.profiles.selectors import sites as site_selectors
from apps.profiles.services import consents, keys, merging, sites
from specrec.kernel import clock


def presented_key(*, authorization: str | None, key_header: str | None) -> str | None:
    """Return the key that the two headers present, or None; raises Unauthenticated for another kind of credentials."""
    return gate.presented_key(authorization=authorization, key_header=key_header)


def authenticate(*, presented: str | None, origin: str | None) -> Caller:
    """Return who presents this key; raises Unauthenticated, Denied (origin), or Unavailable."""
    return gate.authenticate(presented=presented, origin=origin, now=clock.now())


def require_scope(*, caller: Caller | None, scope: str) -> Caller:
    """Return the caller if it has the scope; raises Unauthenticated or Denied."""
    return gate.require_scope(caller=caller, scope=scope)


def caller_of(*, auth: object) -> Caller:
    """Return the `request.auth` of a REST view as the Caller that it is; raises Unauthenticated for anything else."""
    return gate.caller_of(auth)


def check_rate(*, caller: Caller) -> None:
    """Count one request of this key; raises Throttled. Open when the limiter is away."""
    gate.check_rate(caller=caller)


def check_shopper_claim(*, caller: Caller, ref: ShopperRef) -> None:
    """Refuse a customer id that comes with a publishable key; raises Denied."""
    gate.check_shopper_claim(caller=caller, ref=ref)


def get_site(*, site_id: str) -> SiteInfo:
    """Return the site; raises NotFound."""
    return site_selectors.get_site(site_id=site_id)


def list_sites() -> list[SiteInfo]:
    """Return all sites in order of their ids."""
    return site_selectors.list_sites()


def ensure_site(*, site: SiteInfo) -> SiteInfo:
    """Create the site or bring it to these values; raises Invalid with the field."""
    return sites.ensure_site(site=site)


def create_key(
    *,
    site_id: str,
    kind: KeyKind,
    name: str,
    scopes: Sequence[str] | None = None,
    allowed_origins: Sequence[str] = (),
) -> IssuedKey:
    """Make a key and return its secret, once; all scopes of its kind when none are named. Raises Invalid, NotFound."""
    return keys.create_key(site_id=site_id, kind=kind, name=name, scopes=scopes, allowed_origins=allowed_origins)


def list_keys(*, site_id: str) -> list[KeyInfo]:
    """Return the keys of the site, newest first, without secrets."""
    return key_selectors.list_keys(site_id=site_id)


def rotate_key(*, site_id: str, key_id: str, overlap: timedelta, now: datetime) -> IssuedKey:
    """Make a successor with the same rights; the old key works on for `overlap`. Raises NotFound, Conflict, Invalid."""
    issued = keys.rotate_key(site_id=site_id, key_id=key_id, overlap=overlap, now=now)
    gate.forget(key_id)
    return issued


def revoke_key(*, site_id: str, key_id: str, now: datetime) -> None:
    """End the key: here at once, in other processes within ten seconds. Raises NotFound."""
    keys.revoke_key(site_id=site_id, key_id=key_id, now=now)
    gate.forget(key_id)


def retire_rotated_keys(*, now: datetime) -> int:
    """Mark keys whose overlap is over as revoked; return how many."""
    return keys.retire_rotated_keys(now=now)


def get_shopper(*, site_id: str, ref: ShopperRef) -> Shopper | None:
    """Return whom the reference means, for serving; None for no reference. Without consent when parts are away."""
    return shopper_selectors.get_shopper(site_id=site_id, ref=ref)


def ask_shopper(*, site_id: str, ref: ShopperRef) -> ShopperQuestion | None:
    """Return what to MGET from Redis to know whom the reference means, for a caller that has more to read there."""
    return shopper_selectors.make_question(site_id=site_id, ref=ref)


def read_shopper(*, question: ShopperQuestion, found: Sequence[bytes | None] | None) -> Shopper:
    """Return the shopper of what Redis answered (None: it did not), or else looked up as `get_shopper` does."""
    return shopper_selectors.read_shopper(question=question, found=found)


def resolve_shoppers(*, site_id: str, refs: Iterable[ShopperRef]) -> dict[ShopperRef, Shopper]:
    """Return whom each reference means by one look-up in Postgres; references that name nobody are left out."""
    return shopper_selectors.resolve_shoppers(site_id=site_id, refs=refs)


def record_consents(*, site_id: str, signals: Sequence[ConsentSignal]) -> None:
    """Apply what shoppers said, in any order and any number of times: the newest word holds. Creates new shoppers."""
    consents.record_consents(site_id=site_id, signals=signals)


def hear_shoppers(
    *, site_id: str, refs: Iterable[ShopperRef], signals: Sequence[ConsentSignal]
) -> dict[ShopperRef, Shopper]:
    """Apply what shoppers said and return whom each reference means then, as serving would; nobody is left out.

    Nearly free where the signals say what holds already. Once in a transaction. Raises OperationalError when Postgres
    is needed and away: nobody is taken for a shopper without consent because of that.
    """
    return consents.hear_shoppers(site_id=site_id, refs=refs, signals=signals)


def set_consent(*, caller: Caller, said: ConsentInput, now: datetime) -> ConsentAnswer:
    """Record what one shopper says and return what holds now; raises Denied (customer by publishable key), Invalid."""
    ref = ShopperRef(anonymous_id=said.anonymous_id, customer_id=said.customer_id)
    gate.check_shopper_claim(caller=caller, ref=ref)
    return consents.set_consent(site_id=caller.site_id, ref=ref, said=said, now=now)


def merge_shoppers(*, site_id: str, anonymous_id: str, customer_id: str, now: datetime) -> Shopper:
    """Make the anonymous shopper an alias of the customer; idempotent. Raises Conflict if it is another's already."""
    return merging.merge_shoppers(site_id=site_id, anonymous_id=anonymous_id, customer_id=customer_id, now=now)


def list_aliases(*, site_id: str) -> dict[UUID, UUID]:
    """Return merged id to canonical id."""
    return shopper_selectors.list_aliases(site_id=site_id)


def get_profile(*, site_id: str, ref: ShopperRef) -> ShopperProfile:
    """Return the shopper as a back office sees it; raises NotFound."""
    return shopper_selectors.get_profile(site_id=site_id, ref=ref)
