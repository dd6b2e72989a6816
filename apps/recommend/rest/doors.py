"""The busiest questions, from the bytes of the body to the bytes of the answer.

Django's views and the edge in front of Django both answer through these functions, so that they cannot differ.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller, ShopperRef
from apps.recommend import api
from apps.recommend.contracts.serving import PageRequest, Place, Request
from specrec.kernel import clock, wire

SCOPE = "recommend:read"
TRACE_SCOPE = "recommend:trace"
MAX_BODY = 262_144


@dataclass(frozen=True, slots=True)
class Door:
    """One question that is asked with POST: the scope that it needs, and what answers a body."""

    scope: str
    answer: Callable[[Caller, bytes], bytes]


def answer_recommendations(caller: Caller, body: bytes) -> bytes:
    """Return the slate as JSON; raises what `wire.decode`, the claim of a shopper and `api.recommend` raise."""
    asked = wire.decode(body, Request, max_bytes=MAX_BODY)
    check_place(caller, asked)
    return wire.encode(api.recommend(site_id=caller.site_id, request=asked, now=clock.now()))


def answer_pages(caller: Caller, body: bytes) -> bytes:
    """Return the slots of a page as JSON; raises what `answer_recommendations` raises of the page as a whole."""
    asked = wire.decode(body, PageRequest, max_bytes=MAX_BODY)
    check_place(caller, asked)
    return wire.encode(api.recommend_page(site_id=caller.site_id, request=asked, now=clock.now()))


def check_place(caller: Caller, asked: Place) -> None:
    """Refuse a customer named with a publishable key, and a trace asked for without its scope; raises Denied."""
    profiles.check_shopper_claim(caller=caller, ref=to_ref(asked))
    if asked.trace:
        profiles.require_scope(caller=caller, scope=TRACE_SCOPE)


def to_ref(asked: Place) -> ShopperRef:
    """Return whom the request names."""
    return ShopperRef(anonymous_id=asked.shopper.anonymous_id, customer_id=asked.shopper.customer_id)


# By address, below `/v1/`.
DOORS = {"recommendations": Door(SCOPE, answer_recommendations), "pages": Door(SCOPE, answer_pages)}
