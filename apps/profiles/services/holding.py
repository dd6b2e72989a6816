"""What holds of consent, as rows: read for any number of shoppers, and written by one statement for all."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from apps.profiles.contracts import PURPOSES
from apps.profiles.models import Consent
from apps.profiles.services.words import Word
from specrec.kernel import ids

# What stays as it was keeps the time and source since when it holds.
_UPSERT = """
INSERT INTO profiles_consent (shopper_id, site_id, purpose, granted, "at", source)
SELECT word.shopper_id, %s, purpose, purpose = ANY (string_to_array(word.granted, ',')), word.said_at, word.source
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[]) AS word (shopper_id, granted, said_at, source)
CROSS JOIN unnest(%s::text[]) AS purpose
ON CONFLICT (shopper_id, purpose) DO UPDATE
SET granted = excluded.granted, "at" = excluded."at", source = excluded.source
WHERE profiles_consent.granted <> excluded.granted
"""
_RECORD = """
INSERT INTO profiles_consentrecord (site_id, shopper_id, granted, "at", source, recorded_at)
SELECT %s, word.own_id, string_to_array(word.granted, ','), word.said_at, word.source, statement_timestamp()
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[]) AS word (own_id, granted, said_at, source)
"""


def granted_now(shopper_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Return by shopper the purposes that are given; a shopper without any is left out."""
    granted: dict[UUID, set[str]] = {}
    rows = Consent.objects.filter(shopper_id__in=shopper_ids, granted=True).values_list("shopper_id", "purpose")
    for shopper_id, purpose in rows:
        granted.setdefault(shopper_id, set()).add(purpose)
    return {shopper_id: frozenset(purposes) for shopper_id, purposes in granted.items()}


def write_words(*, site_id: str, words: Mapping[UUID, Word]) -> None:
    """Make the words, by shopper, what holds, and keep each as it was said."""
    said = words.values()
    columns: list[Any] = [
        [",".join(sorted(word.granted)) for word in said],
        [word.at for word in said],
        [word.source for word in said],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [site_id, list(words), *columns, list(PURPOSES)])
        cursor.execute(_RECORD, [site_id, [ids.shopper_id(site_id, *word.name) for word in said], *columns])
