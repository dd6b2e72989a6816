"""Identifiers: random ones, and ones that anybody can derive again from what they name."""

import os
import random
import uuid
from hashlib import sha1

_SHOPPERS = uuid.UUID("5a1f0c6e-8f0e-4f53-9d5e-6a2b6f0f7c11")
_random = random.Random()  # noqa: S311 - seeded by the operating system; these are names, not secrets
os.register_at_fork(after_in_child=_random.seed)  # or two processes would give out the same


def new_id() -> uuid.UUID:
    """Return a fresh identifier (UUID version 4): unique, but no secret, as whoever has seen many can guess the next.

    Asking the operating system for every one of them, as `uuid.uuid4` does, costs several times as much.
    """
    return uuid.UUID(int=_random.getrandbits(128), version=4)


def shopper_id(site_id: str, kind: str, value: str) -> uuid.UUID:
    """Return the identifier of the shopper first seen as `kind` ("anonymous" or "customer") `value` at this site.

    It is derived (UUID version 5), so events can be attributed before, or without, any look-up, and in any order.
    """
    name = f"{site_id}\x1f{kind}\x1f{value}".encode()
    digest = sha1(_SHOPPERS.bytes + name, usedforsecurity=False).digest()  # as `uuid.uuid5` does, in half its time
    return uuid.UUID(bytes=digest[:16], version=5)
