"""Words that say what holds already: they only move the time that another word must pass to be the newest.

Storefronts send the same consent with every event, so nearly all words are such. The time has to be written all the
same: without it a grant from in between, arriving late, would undo a withdrawal that was said again after it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

# The rows are locked in order of ids, those of shoppers who are spoken for otherwise (no version) among them; of a row
# that changed meanwhile the newest state is looked at. A version grows with every change of what holds.
_MOVE = """
WITH word AS MATERIALIZED (
    SELECT id::uuid AS shopper_id, version::bigint, said_at::timestamptz
    FROM unnest(string_to_array(%s, ' '), string_to_array(%s, ' ', ''), string_to_array(%s, ' ', ''))
    AS said (id, version, said_at)
), held AS MATERIALIZED (
    SELECT shopper.shopper_id, shopper.consent_at, word.version, word.said_at
    FROM profiles_shopper AS shopper JOIN word ON word.shopper_id = shopper.shopper_id
    WHERE shopper.shopper_id = ANY (%s::uuid[])
        AND (word.version IS NULL OR (shopper.version = word.version AND shopper.consent_at IS NOT NULL))
    ORDER BY shopper.shopper_id FOR NO KEY UPDATE OF shopper
), moved AS (
    UPDATE profiles_shopper AS shopper SET consent_at = held.said_at
    FROM held WHERE shopper.shopper_id = held.shopper_id AND shopper.consent_at < held.said_at
)
SELECT count(version) FROM held
"""


class Outdated(Exception):
    """What holds for one of the shoppers is not what it was thought to be; nothing that was done may stay."""


def restate(*, said: Mapping[UUID, tuple[int, datetime]], others: Collection[UUID]) -> None:
    """Move the times of shoppers of whom nothing changes, by id the version under which that is so; lock the others.

    Raises Outdated when one of them has another version by now, or has not spoken before; roll back then.
    """
    if not said:
        return
    times = [at.isoformat() for _, at in said.values()]
    shopper_ids = [shopper_id.hex for shopper_id in (*said, *others)]
    versions = [str(version) for version, _ in said.values()]
    padding = [""] * len(others)
    with connection.cursor() as cursor:
        columns = [" ".join(shopper_ids), " ".join(versions + padding), " ".join(times + padding)]
        cursor.execute(_MOVE, [*columns, "{" + ",".join(shopper_ids) + "}"])
        (held,) = cursor.fetchone()
    if held != len(said):
        raise Outdated
