"""Commands tell an operator what is wrong in one sentence."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.django_db
class TestDomainErrors:
    @pytest.mark.parametrize(
        "words",
        [
            ("create_key", "nosite", "--kind", "secret"),
            ("rotate_key", "nosite", "0123"),
            ("train", "nosite"),
            ("models", "rollback", "nosite"),
        ],
    )
    def test_become_one_sentence(self, words: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match=r"nosite.*\(\w+\)$|0123.*\(\w+\)$"):
            call_command(*words)
