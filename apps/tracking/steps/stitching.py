"""The sessions of a batch: one ask before its events are written, one keep afterwards."""

from collections.abc import Sequence
from uuid import UUID

from apps.tracking.contracts import Rules
from apps.tracking.steps import session_memory
from apps.tracking.steps.draft import Draft
from apps.tracking.steps.sessions import Days, Limits, Moment, Session, milliseconds, session_id, stitch

_SECOND = 1_000


class Stitching:
    """Gives events a session where the client named none; `keep` is for after they were written."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._newest: dict[UUID, list[Session]] = {}

    def find(self, drafts: Sequence[Draft], shopper_ids: Sequence[UUID | None]) -> list[str | None]:
        """Return the session of each event; only shoppers whom we may remember have one."""
        found = [
            None if one is None else draft.event.session_id for draft, one in zip(drafts, shopper_ids, strict=True)
        ]
        live: dict[UUID, list[int]] = {}
        past: dict[UUID, list[int]] = {}
        for index, (draft, shopper_id) in enumerate(zip(drafts, shopper_ids, strict=True)):
            if shopper_id is not None and found[index] is None:
                event = draft.event
                # Old events would move the sessions of today; they are stitched among themselves.
                (past if event.historical or event.replay else live).setdefault(shopper_id, []).append(index)
        if live or past:
            self._fill(found, drafts, live, past)
        return found

    def keep(self) -> None:
        """Keep the newest sessions for the batches that follow."""
        gap = self._rules.session_gap
        session_memory.keep_sessions(
            site_id=self._rules.site_id, sessions=self._newest, gap_seconds=int(gap.total_seconds())
        )

    def _fill(
        self,
        found: list[str | None],
        drafts: Sequence[Draft],
        live: dict[UUID, list[int]],
        past: dict[UUID, list[int]],
    ) -> None:
        rules = self._rules
        days = Days(rules.time_zone) if rules.split_at_midnight else None
        limits = Limits(int(rules.session_gap.total_seconds()) * _SECOND, days, rules.split_at_campaign)
        known = session_memory.find_sessions(site_id=rules.site_id, shopper_ids=list(live)) if live else {}
        for shopper_id, indexes in past.items():
            self._stitch_one(found, drafts, indexes, (shopper_id, []), limits)
        if known is None:
            return
        for shopper_id, indexes in live.items():
            newest = self._stitch_one(found, drafts, indexes, (shopper_id, known[shopper_id]), limits)
            self._newest[shopper_id] = newest

    def _stitch_one(
        self,
        found: list[str | None],
        drafts: Sequence[Draft],
        indexes: list[int],
        known: tuple[UUID, list[Session]],
        limits: Limits,
    ) -> list[Session]:
        shopper_id, sessions = known
        moments = [Moment(milliseconds(drafts[index].time), drafts[index].event.context.campaign) for index in indexes]
        joined, newest = stitch(sessions, moments, limits)
        names = {session.name: session_id(shopper_id, session) for session in joined}
        for index, session in zip(indexes, joined, strict=True):
            found[index] = names[session.name]
        return newest
