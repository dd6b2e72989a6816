"""What became of served slates, by the model version that made them."""

from collections.abc import Iterator
from datetime import date

from django.db import connection

_OUTCOMES = """
SELECT served.model, served.day, count(*), count(*) FILTER (WHERE met.seen), count(*) FILTER (WHERE met.clicked)
FROM tracking_exposure AS served
LEFT JOIN (
    SELECT recommendation_id, bool_or(type = 'impression') AS seen, bool_or(type = 'click') AS clicked
    FROM tracking_event
    WHERE site_id = %(site_id)s AND day BETWEEN %(since)s AND %(until)s + 1
        AND type IN ('impression', 'click') AND recommendation_id IS NOT NULL
    GROUP BY 1
) AS met USING (recommendation_id)
WHERE served.site_id = %(site_id)s AND served.day BETWEEN %(since)s AND %(until)s AND served.model IS NOT NULL
GROUP BY 1, 2
"""


def count_outcomes(*, site_id: str, since: date, until: date) -> Iterator[tuple[str, date, int, int, int]]:
    """Yield model, day, and how many slates were served, seen (by an impression) and clicked; both days included."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, {"site_id": site_id, "since": since, "until": until})
        yield from cursor.fetchall()
