"""Background work is named by a string: every name that is used is a task that exists."""

import ast

from django.conf import settings

from specrec.celery import app
from tests.architecture.source import PROGRAM, Source, called_name, sources, text_of


def _enqueued(source: Source) -> list[tuple[str, str | None]]:
    return [
        (source.at(node), text_of(node.args[0] if node.args else None))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and called_name(node).split(".")[-1] in {"enqueue", "send_task"}
    ]


def _uses() -> list[tuple[str, str | None]]:
    kernel = "specrec/kernel/jobs.py"  # passes on the name that it is given
    return [use for source in sources(*PROGRAM) if source.path != kernel for use in _enqueued(source)]


def _tasks() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


class TestNames:
    def test_are_written_out(self) -> None:
        assert [place for place, name in _uses() if name is None] == []

    def test_enqueued_ones_exist(self) -> None:
        tasks = _tasks()
        assert [use for use in _uses() if use[1] not in tasks] == []

    def test_scheduled_ones_exist(self) -> None:
        tasks = _tasks()
        assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} - tasks == set()

    def test_say_their_app(self) -> None:
        apps = {"profiles", "catalog", "tracking", "recommend"}
        assert [name for name in _tasks() if name.split(".")[0] not in apps] == []
