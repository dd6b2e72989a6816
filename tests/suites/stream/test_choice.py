"""Which stream may be chosen where."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from apps.tracking.stream import choice
from apps.tracking.stream.postgres import PostgresStream


class TestGetStream:
    def test_it_is_the_log_and_always_the_same_one(self) -> None:
        found = choice.get_stream()
        assert (type(found), choice.get_stream()) == (PostgresStream, found)

    @pytest.mark.parametrize("name", ["memory", "kafka"])
    def test_one_that_keeps_nothing_is_refused(self, name: str) -> None:
        with override_settings(STREAM=name, STREAMS=("postgres",)), pytest.raises(ImproperlyConfigured, match=name):
            choice.get_stream()
