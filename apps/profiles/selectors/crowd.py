"""Whom the references of a batch mean: one MGET for all, and one query for those whom Redis does not know.

What stands in Redis is trusted as the serving path trusts it (`entries`, `leases`). Where both are away it is an error
and not an answer without consent: who asks for a batch is about to write down what it learns.
"""

from collections.abc import Iterable, Mapping
from functools import partial

from django.db import transaction

from apps.profiles.contracts import Shopper, ShopperRef
from apps.profiles.selectors import entries
from apps.profiles.selectors.entries import Known
from apps.profiles.selectors.shoppers import identity_of, read_shoppers
from specrec.kernel import ids

Named = tuple[str, str]  # kind and value of an identity


def read_crowd(*, site_id: str, names: Iterable[Named]) -> dict[Named, Known]:
    """Return whom each name means; raises OperationalError when Postgres is needed and away.

    What was read from Postgres is kept in Redis once the caller's transaction has committed: it may have written.
    """
    wanted = list(names)
    keys = [entries.entry_keys(site_id, *name)[0] for name in wanted]
    found, tag = entries.read_all(keys)
    crowd = {name: known for name, known in zip(wanted, found, strict=True) if known is not None}
    if len(crowd) == len(wanted):
        return crowd
    missing = {name: key for name, key, known in zip(wanted, keys, found, strict=True) if known is None}
    read = read_from_postgres(site_id=site_id, names=missing)
    if tag is not None:
        kept = {missing[name]: known for name, known in read.items()}
        transaction.on_commit(partial(entries.fill_all, kept, tag=tag))
    return crowd | read


def read_from_postgres(*, site_id: str, names: Iterable[Named]) -> dict[Named, Known]:
    """Return whom each name means as this transaction sees it, what it has written itself included."""
    own_ids = {name: ids.shopper_id(site_id, *name) for name in names}
    rows = read_shoppers(site_id=site_id, own_ids=own_ids.values())
    return {name: rows.get(own_id) or Known(0, Shopper(own_id)) for name, own_id in own_ids.items()}


def by_reference(refs: Iterable[ShopperRef], crowd: Mapping[Named, Known]) -> dict[ShopperRef, Shopper]:
    """Return the shopper of each reference that names somebody."""
    return {ref: crowd[name].shopper for ref in refs if (name := identity_of(ref))}
