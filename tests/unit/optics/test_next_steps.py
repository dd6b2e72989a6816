"""Which service is due, by what was bought when."""

from apps.recommend.optics.next_steps import DAY, due_steps

NOW = 20_000 * DAY


def ago(days: float) -> float:
    return NOW - days * DAY


def due(
    bought: dict[str, tuple[float, float]], had: dict[str, float] | None = None, *, health: bool = True
) -> list[str]:
    """Return the services that are due, `bought` in days ago."""
    times = {kind: (ago(first), ago(last)) for kind, (first, last) in bought.items()}
    return [kind for kind, _ in due_steps(times, had or {}, now=NOW, health=health)]


class TestDueSteps:
    def test_wearers_are_checked_however_often_they_order(self) -> None:
        assert due({"contact_lens": (200.0, 10.0)}) == ["contact_lens_check"]

    def test_not_who_began_lately(self) -> None:
        assert due({"contact_lens": (100.0, 10.0)}) == []

    def test_nothing_of_lenses_without_consent(self) -> None:
        assert due({"contact_lens": (390.0, 10.0)}, health=False) == []

    def test_a_frame_is_adjusted_without_any(self) -> None:
        assert due({"frame": (100.0, 100.0)}, health=False) == ["adjustment"]

    def test_a_new_frame_begins_anew(self) -> None:
        assert due({"frame": (300.0, 20.0)}) == []

    def test_not_what_was_had_lately(self) -> None:
        assert due({"contact_lens": (200.0, 10.0)}, {"contact_lens_check": ago(60.0)}) == []

    def test_not_what_is_too_long_ago(self) -> None:
        assert due({"frame": (370.0, 370.0)}) == []

    def test_the_longest_overdue_comes_first(self) -> None:
        assert due({"contact_lens": (360.0, 10.0)}) == ["contact_lens_check", "eye_test"]

    def test_of_nobody_is_nothing(self) -> None:
        assert due({}) == []
