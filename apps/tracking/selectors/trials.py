"""What units (shoppers, or stores) did that saw slates of an experiment, counted by unit.

The order of the counts is that of `FACTS`; what each is worth is said by who asks (`apps/recommend/ml/outcomes.py`). An
outcome counts where it came at most the window after the unit saw a slate of the experiment. A slate was seen where an
impression came back with its id: what was served and not rendered, or rendered and not told, does not count. What a
guest saw and did counts for the customer that the guest became since.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from apps.profiles import api as profiles
from apps.tracking.selectors.clocks import days_between

FACTS = ("slates", "clicked", "sessions", "visitors", "carted", "bought", "revenue", "pieces", "returned")
_SLICE = 10_000

_UNITS = """
WITH alias AS MATERIALIZED (
    SELECT * FROM unnest(%(merged)s::uuid[], %(customers)s::uuid[]) AS alias (own_id, customer)
), slate AS MATERIALIZED (
    SELECT recommendation_id, {unit}::text AS unit, label
    FROM tracking_exposure LEFT JOIN alias ON own_id = shopper_id, unnest(experiments) AS label
    WHERE site_id = %(site_id)s AND day BETWEEN %(first)s AND %(last)s AND time >= %(since)s AND time < %(until)s
        AND experiments && %(labels)s::varchar[] AND label = ANY(%(labels)s::varchar[]) AND {unit} IS NOT NULL
), happened AS MATERIALIZED (
    SELECT type, time, {unit}::text AS unit, recommendation_id, {shopper} AS shopper_id, session_id, order_id, event_id,
        CASE WHEN type = 'purchase' AND coalesce(currency, %(currency)s) = %(currency)s
            THEN quantity * unit_price END AS money, quantity
    FROM tracking_event LEFT JOIN alias ON own_id = shopper_id
    WHERE site_id = %(site_id)s AND day BETWEEN %(before_first)s AND %(last)s
        AND time >= %(before)s AND time < %(until)s
        AND type IN ('impression', 'click', 'add_to_cart', 'purchase', 'return')
), clicks AS (
    SELECT recommendation_id, min(time) AS clicked_at FROM happened WHERE type = 'click' GROUP BY 1
), seen AS MATERIALIZED (
    SELECT unit, label, recommendation_id, min(time) AS seen_at,
        min(coalesce(session_id, recommendation_id::text)) AS visit,
        min(coalesce(shopper_id::text, session_id, recommendation_id::text)) AS visitor
    FROM slate JOIN (
        SELECT recommendation_id, time, session_id, shopper_id FROM happened WHERE type = 'impression'
    ) AS impression USING (recommendation_id)
    GROUP BY 1, 2, 3
), sight AS (
    SELECT unit, min(label) AS label, count(DISTINCT label) AS sides,
        count(*) AS slates, count(*) FILTER (WHERE clicked_at <= seen_at + %(window)s) AS clicked,
        count(DISTINCT visit) AS sessions, count(DISTINCT visitor) AS visitors
    FROM seen LEFT JOIN clicks USING (recommendation_id)
    GROUP BY 1
), won AS MATERIALIZED (
    SELECT *, coalesce(shopper_id::text, session_id, order_id, event_id::text) AS visitor FROM happened
    WHERE type IN ('add_to_cart', 'purchase') AND EXISTS (
        SELECT FROM seen WHERE seen.unit = happened.unit
            AND happened.time BETWEEN seen.seen_at AND seen.seen_at + %(window)s)
), act AS (
    SELECT unit,
        count(DISTINCT visitor) FILTER (WHERE type = 'add_to_cart') AS carted,
        count(DISTINCT visitor) FILTER (WHERE type = 'purchase') AS bought,
        coalesce(sum(money), 0) AS revenue, coalesce(sum(quantity) FILTER (WHERE type = 'purchase'), 0) AS pieces
    FROM won GROUP BY 1
), undone AS (
    SELECT bill.unit, sum(back.quantity) AS returned
    FROM (SELECT unit, order_id, min(time) AS time FROM won WHERE type = 'purchase' GROUP BY 1, 2) AS bill
    JOIN happened AS back ON back.type = 'return' AND back.order_id = bill.order_id AND back.time >= bill.time
    GROUP BY 1
), past AS (
    SELECT unit,
        count(DISTINCT recommendation_id) FILTER (WHERE type = 'impression') AS slates,
        count(DISTINCT recommendation_id) FILTER (WHERE type = 'click') AS clicked,
        count(DISTINCT session_id) AS sessions,
        count(DISTINCT coalesce(shopper_id::text, session_id)) AS visitors,
        count(DISTINCT coalesce(shopper_id::text, session_id)) FILTER (WHERE type = 'add_to_cart') AS carted,
        count(DISTINCT coalesce(shopper_id::text, session_id, order_id)) FILTER (WHERE type = 'purchase') AS bought,
        coalesce(sum(money), 0) AS revenue, coalesce(sum(quantity) FILTER (WHERE type = 'purchase'), 0) AS pieces,
        coalesce(sum(quantity) FILTER (WHERE type = 'return'), 0) AS returned
    FROM happened WHERE time < %(since)s AND unit IN (SELECT unit FROM sight)
    GROUP BY 1
)
SELECT label, sides, {facts}, {past}
FROM sight LEFT JOIN act USING (unit) LEFT JOIN undone USING (unit) LEFT JOIN past USING (unit)
ORDER BY unit
"""


def count_units(
    *,
    site_id: str,
    labels: Sequence[str],
    since: datetime,
    until: datetime,
    window: timedelta,
    currency: str,
    by_store: bool,
) -> Iterator[tuple[Any, ...]]:
    """Yield for each unit that saw a slate: label, on how many sides it was, FACTS, and FACTS of as long before.

    Counts and money are float. A unit on more than one side (an account that two persons came to) is on the first by
    name; who asks decides what it is worth.
    """
    before, aliases = since - (until - since), profiles.list_aliases(site_id=site_id)
    parameters: dict[str, Any] = {
        "site_id": site_id,
        "labels": list(labels),
        "since": since,
        "until": until,
        "before": before,
        "first": days_between(since, until)[0],
        "last": days_between(since, until)[1],
        "before_first": days_between(before, until)[0],
        "window": window,
        "currency": currency,
        "merged": list(aliases),
        "customers": list(aliases.values()),
    }
    shopper = sql.SQL("coalesce(customer, shopper_id)")
    statement = sql.SQL(_UNITS).format(
        unit=sql.Identifier("store_id") if by_store else shopper,
        shopper=shopper,
        facts=_columns(sql.SQL("coalesce({}, 0)::float8"), own=True),
        past=_columns(sql.SQL("coalesce(past.{}, 0)::float8"), own=False),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(_SLICE):
            yield from rows


def _columns(form: sql.SQL, *, own: bool) -> sql.Composed:
    tables = dict.fromkeys(FACTS[:4], "sight") | dict.fromkeys(FACTS[4:8], "act") | {FACTS[8]: "undone"}
    names = (sql.Identifier(tables[name], name) if own else sql.Identifier(name) for name in FACTS)
    return sql.SQL(", ").join(form.format(name) for name in names)
