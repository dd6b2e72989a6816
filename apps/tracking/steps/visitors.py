"""Steps about who is there and whence: person or bot, on what device, referred by whom. Only classes are kept."""

from apps.tracking.contracts import DropReason
from apps.tracking.steps import agents, referrers
from apps.tracking.steps.draft import Batch, Draft


def drop_bot(draft: Draft, batch: Batch) -> None:
    """Drop what no person did, where the site wants that; put the device."""
    user_agent = draft.event.context.user_agent if batch.is_server else batch.user_agent
    if not user_agent:  # says nothing, which is no reason to doubt
        return
    agent = agents.find_agent(user_agent)
    draft.device = agent.device
    if agent.is_bot and batch.drop_bots:
        at = "context.user_agent" if batch.is_server else None
        draft.drop(DropReason.BOT, at, "The user agent is that of a crawler or a monitor, not of a person.")


def put_referrer(draft: Draft, batch: Batch) -> None:
    """Put the class of the page that the shopper came from, where the client tells it."""
    referrer = draft.event.context.referrer
    if referrer is not None:
        draft.referrer = referrers.classify(referrer, batch.own_hosts)
