"""Ports for servers that have to keep theirs while they are down."""

import random
import socket

from specrec.processes.folder import PartsError

_HOST = "127.0.0.1"
# Below those that the system gives to clients (from 32768, or 49152): a client that asks again and again for a server
# that is down may otherwise be given the server's own port, and talk to itself on it.
_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS = 200
_random = random.SystemRandom()


def quiet_ports(count: int) -> list[int]:
    """Return ports on which nothing listens, and which the system gives to no client."""
    found: list[int] = []
    for port in _random.sample(range(_FIRST, _LAST), _ATTEMPTS):
        if len(found) < count and is_free(port):
            found.append(port)
    if len(found) < count:
        raise PartsError(f"There are no {count} free ports between {_FIRST} and {_LAST}.")
    return found


def is_free(port: int) -> bool:
    """Return whether a server may listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports of closed connections are free
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Return whether a server accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((_HOST, port)) == 0
