"""What shoppers say about consent.

A signal speaks about all purposes at once, so per shopper the newest one holds whole, in whatever order signals arrive
and however they are batched. Of two at the same moment only what both grant holds. A constant number of queries for
any number of signals; locks are taken in order of ids (identities, then shoppers), so batches cannot deadlock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.profiles.contracts import ConsentAnswer, ConsentInput, ConsentSignal, ShopperRef
from apps.profiles.contracts import Shopper as ShopperState
from apps.profiles.selectors.crowd import Named, by_reference, read_crowd, read_from_postgres
from apps.profiles.selectors.entries import Known
from apps.profiles.selectors.shoppers import identity_of, resolve_shoppers
from apps.profiles.services.holding import granted_now, write_words
from apps.profiles.services.identities import (
    Identity,
    Locked,
    lock_identities,
    lock_shoppers,
    next_version,
    publish,
    save_shoppers,
)
from apps.profiles.services.restating import Outdated, restate
from apps.profiles.services.words import EARLIEST, Word, listen, newest
from specrec.kernel import ids
from specrec.kernel.errors import Invalid

_CLOCK_TOLERANCE = timedelta(minutes=5)


def record_consents(*, site_id: str, signals: Sequence[ConsentSignal]) -> None:
    """Bring the shoppers to the newest signals, creating those that are new.

    Ignored are purposes that nobody knows and signals from before EARLIEST: one of them must not cost its batch.
    """
    hear_shoppers(site_id=site_id, refs=(), signals=signals)


def hear_shoppers(
    *, site_id: str, refs: Iterable[ShopperRef], signals: Sequence[ConsentSignal]
) -> dict[ShopperRef, ShopperState]:
    """Do what `record_consents` does and return whom each reference means then; those that name nobody are left out."""
    wanted = set(refs)
    words = listen(signals)
    names = {name for ref in wanted if (name := identity_of(ref))} | words.keys()
    if not names:
        return {}
    if not words:
        return by_reference(wanted, read_crowd(site_id=site_id, names=names))
    with transaction.atomic(savepoint=False):
        crowd = read_crowd(site_id=site_id, names=names)
        touched = _record(site_id, words, crowd)
        again = [name for name, known in crowd.items() if known.shopper.shopper_id in touched]
        crowd |= read_from_postgres(site_id=site_id, names=again)
    return by_reference(wanted, crowd)


def set_consent(*, site_id: str, ref: ShopperRef, said: ConsentInput, now: datetime) -> ConsentAnswer:
    """Record what one shopper says and return what holds now; raises Invalid for nobody, or for an impossible time.

    A clock that is a little ahead is forgiven and its word dated now: dated later, it would outlive the next one.
    """
    if identity_of(ref) is None:
        raise Invalid("Name the shopper by anonymous_id or customer_id.", code="missing_field", field="anonymous_id")
    if said.at is not None and said.at > now + _CLOCK_TOLERANCE:
        raise Invalid("The time lies in the future; check the clock.", code="in_future", field="at")
    if said.at is not None and said.at < EARLIEST:
        raise Invalid(f"The time lies before {EARLIEST:%Y-%m-%d}; check the clock.", code="too_old", field="at")
    at = now if said.at is None else min(said.at, now)
    signal = ConsentSignal(ref, frozenset(said.granted), at, said.source)
    record_consents(site_id=site_id, signals=[signal])
    return ConsentAnswer(granted=sorted(resolve_shoppers(site_id=site_id, refs=[ref])[ref].purposes))


def _record(site_id: str, words: Mapping[Named, Word], crowd: Mapping[Named, Known]) -> set[UUID]:
    """Apply the words and return the shoppers, as they are in the crowd, of whom something may be different now."""
    said, others = _sorted_out(words, crowd)
    try:
        with transaction.atomic(savepoint=bool(said)):
            met = _record_others(site_id, others, said)
    except Outdated:
        others = list(words.values())
        met = _record_others(site_id, others, {})
    return met | {crowd[word.name].shopper.shopper_id for word in others}


def _sorted_out(
    words: Mapping[Named, Word], crowd: Mapping[Named, Known]
) -> tuple[dict[UUID, tuple[int, datetime]], list[Word]]:
    """Return the times, by shopper, of words that say what holds already, and all words about other shoppers."""
    others = {
        crowd[name].shopper.shopper_id
        for name, word in words.items()
        if not crowd[name].version or word.granted != crowd[name].shopper.purposes
    }
    said: dict[UUID, tuple[int, datetime]] = {}
    for name, word in words.items():
        version, shopper = crowd[name]
        if shopper.shopper_id not in others:
            _, before = said.get(shopper.shopper_id, (version, word.at))
            said[shopper.shopper_id] = (version, max(before, word.at))
    return said, [word for name, word in words.items() if crowd[name].shopper.shopper_id in others]


def _record_others(site_id: str, words: Sequence[Word], said: Mapping[UUID, tuple[int, datetime]]) -> set[UUID]:
    """Apply the words under lock, beside those that say what holds already; return the shoppers whom they mean now."""
    by_own_id = {ids.shopper_id(site_id, *word.name): word for word in words}
    identities = [Identity(own_id, *word.name) for own_id, word in by_own_id.items()]
    meant = lock_identities(site_id=site_id, identities=identities) if identities else {}
    by_shopper = newest((meant[own_id], word) for own_id, word in by_own_id.items())
    restate(said=said, others=by_shopper.keys())
    if by_shopper:
        _apply(site_id, by_shopper, lock_shoppers(site_id=site_id, shopper_ids=by_shopper))
    return set(by_shopper)


def _apply(site_id: str, words: Mapping[UUID, Word], shoppers: Mapping[UUID, Locked]) -> None:
    current = granted_now(words)
    heard: list[Locked] = []
    changed: dict[UUID, Word] = {}
    narrows = False
    for shopper_id, word in words.items():
        shopper, granted = shoppers[shopper_id], current.get(shopper_id, frozenset())
        is_first = shopper.consent_at is None
        if shopper.consent_at is not None and word.at < shopper.consent_at:
            continue
        if word.at == shopper.consent_at:
            word = replace(word, granted=word.granted & granted)  # noqa: PLW2901 - the word as it holds
        if is_first or word.granted != granted:
            changed[shopper_id] = word
            narrows = narrows or not granted <= word.granted
            shopper.version = next_version(shopper.version)
        if is_first or word.granted != granted or word.at != shopper.consent_at:
            shopper.consent_at = word.at
            heard.append(shopper)
    if heard:
        save_shoppers(heard)
    if changed:
        write_words(site_id=site_id, words=changed)
    publish(shopper_ids=changed, narrows=narrows)
