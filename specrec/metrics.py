"""Figures for a monitoring system, as Prometheus reads them; the same from every web process.

Closed unless the operator sets a token: figures tell how a business goes.
"""

import hmac
from collections.abc import Iterator
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from apps.recommend import api as recommend
from apps.recommend.contracts.models import ModelFigure
from apps.tracking import api as tracking
from apps.tracking.contracts import Measurements
from specrec.kernel import clock


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures to whoever presents the token as `Authorization: Bearer TOKEN`."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    if not _is_presented(request.META.get("HTTP_AUTHORIZATION", ""), token):
        answer = HttpResponse("A token is needed.\n", content_type="text/plain", status=HTTPStatus.UNAUTHORIZED)
        answer["WWW-Authenticate"] = 'Bearer realm="specrec metrics"'
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _is_presented(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(errors="replace"), token.encode())
    return scheme.lower() == "bearer" and is_right


class _Figures(Collector):
    """What Redis and Postgres keep for all processes; a part that is away leaves its figures out."""

    def collect(self) -> Iterator[Metric]:
        """Yield each figure with its samples."""
        found = tracking.measure()
        yield from _intake(found)
        yield from _stream(found)
        if (lost := recommend.count_lost_exposures()) is not None:
            counter = CounterMetricFamily("specrec_exposures_lost", "Slates that were served and not recorded.")
            counter.add_metric([], lost)
            yield counter
        yield from _models(recommend.measure_models(now=clock.now()))
        yield from _rules(recommend.count_rule_notices(now=clock.now()))


def _rules(found: list[tuple[str, int, int]]) -> Iterator[Metric]:
    words = "Slates of today (UTC) that merchandising rules left empty, or that lack their pins."
    gauge = GaugeMetricFamily("specrec_rules_slates", words, labels=["site", "what"])
    for site_id, emptied, unshown in found:
        gauge.add_metric([site_id, "emptied"], emptied)
        gauge.add_metric([site_id, "unshown"], unshown)
    yield gauge


def _models(found: list[ModelFigure]) -> Iterator[Metric]:
    gauges: dict[str, GaugeMetricFamily] = {}
    for figure in found:
        name = f"specrec_model_{figure.name}"
        if name not in gauges:
            gauges[name] = GaugeMetricFamily(name, figure.description, labels=list(figure.labels))
        gauges[name].add_metric(list(figure.labels.values()), figure.value)
    yield from gauges.values()


def _intake(found: Measurements) -> Iterator[Metric]:
    if found.intake is None:
        return
    accepted = CounterMetricFamily("specrec_events_accepted", "Events taken in.", labels=["site", "type"])
    dropped = CounterMetricFamily("specrec_events_dropped", "Events not kept.", labels=["site", "reason"])
    duplicate = CounterMetricFamily("specrec_events_duplicate", "Events twice in a call.", labels=["site"])
    for site_id, name, number in found.intake:
        kind, _, label = name.partition(":")
        if kind == "accepted":
            accepted.add_metric([site_id, label], number)
        elif kind == "dropped":
            dropped.add_metric([site_id, label], number)
        else:
            duplicate.add_metric([site_id], number)
    yield from (accepted, dropped, duplicate)


def _stream(found: Measurements) -> Iterator[Metric]:
    named = (
        ("specrec_stream_lag_records", "Records not yet acknowledged.", "group", found.lag),
        ("specrec_dead_letters", "Records that could not be used.", "cause", found.dead_letters),
        ("specrec_rows_strayed", "Rows without a partition of their own.", "table", found.strays),
    )
    for name, words, label, numbers in named:
        if numbers is not None:
            gauge = GaugeMetricFamily(name, words, labels=[label])
            for value, number in sorted(numbers.items()):
                gauge.add_metric([value], number)
            yield gauge
    if found.newest_event is not None:
        words = "When the newest event of the table was received."
        yield GaugeMetricFamily("specrec_table_newest_event_timestamp_seconds", words, value=found.newest_event)
