"""Telling a worker: what is sent, and that a broker which is away or hangs is told apart from one that took it."""

import json
import socket
from collections.abc import Iterator

import pytest
from celery import Celery

from specrec.kernel import jobs
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client


@pytest.fixture
def silent() -> Iterator[int]:
    """Give the port of a broker that takes connections and never answers, as a stopped process does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


def use_broker(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    app = Celery("other", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=f"redis://127.0.0.1:{port}/0")
    monkeypatch.setattr(jobs, "current_app", app)


@pytest.mark.django_db(transaction=True)
class TestEnqueue:
    def test_sends_name_and_arguments(self) -> None:
        jobs.enqueue("catalog.run_import", import_id="1")
        (raw,) = client().lrange("celery", 0, -1)
        message = json.loads(raw)
        assert message["headers"]["task"] == "catalog.run_import"
        assert message["headers"]["kwargsrepr"] == "{'import_id': '1'}"

    def test_a_broker_that_is_away_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_broker(monkeypatch, 1)
        with pytest.raises(Unavailable) as refused:
            jobs.enqueue("catalog.run_import", import_id="1")
        assert refused.value.code == "queue_unavailable"

    def test_a_broker_that_hangs_is_unavailable(self, monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
        use_broker(monkeypatch, silent)
        with pytest.raises(Unavailable) as refused:
            jobs.enqueue("catalog.run_import", import_id="1")
        assert refused.value.code == "queue_unavailable"
