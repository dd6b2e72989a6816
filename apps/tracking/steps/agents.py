"""What a user agent is: a person's browser or app and on which device, or a crawler or monitor.

Programs that do not say that they are bots (curl, libraries) are none: kiosks, tills and apps speak by them, and
whoever means harm has a browser's name.

The library knows thousands of patterns: a user agent seen for the first time costs it up to tens of milliseconds, and
the first of a process seconds. So answers are kept, numbers of versions make no difference, and this process spends no
more than a fifth of its time on what it has not seen; what there is no time for counts as a person on an unknown
device.
"""

import logging
import re
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from device_detector import DeviceDetector

from apps.tracking.contracts import Device

logger = logging.getLogger(__name__)

_KEPT = 4_096
_MAX_LENGTH = 400
_VERSION = re.compile(r"(?<!Darwin)(?<!CFNetwork)/\d[\d.]*")  # those two tell a phone from a desk
_DESKTOP = ("Windows NT", "Macintosh", "X11; Linux", "X11; CrOS", "X11; Ubuntu")
_NOT_DESKTOP = ("Android", "Mobile", "Xbox", "TV", "Tizen", "PlayStation", "Tesla")
_MOBILE = frozenset({"smartphone", "feature phone", "phablet", "portable media player", "wearable", "camera"})
# Servers that fetch a picture because a person opened the mail with it.
_FOR_PERSONS = ("GoogleImageProxy", "YahooMailProxy")


class Agent(NamedTuple):
    """A bot, or the class of a person's device (None: not known)."""

    is_bot: bool
    device: Device | None


_UNKNOWN = Agent(is_bot=False, device=None)


class _Allowance:
    """Seconds that may be spent on strangers: so many at once, refilled as a share of the time that passes."""

    def __init__(self, *, most: float, share: float, dearest: float) -> None:
        self._left = self._most = most
        self._share = share
        self._dearest = dearest
        self._asked = time.monotonic()

    def is_left(self) -> bool:
        """Refill by the time that passed; return whether there is anything."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._asked) * self._share)
        self._asked = now
        return self._left > 0

    def spend(self, seconds: float) -> None:
        """Take away; what is loaded once, by the first of all, counts as the dearest of others."""
        self._left -= min(seconds, self._dearest)


_allowance = _Allowance(most=2.0, share=0.2, dearest=0.1)
_known: OrderedDict[str, Agent] = OrderedDict()  # by the text without versions
_texts: dict[str, Agent] = {}  # by the whole text: looking for versions takes longer than all else
_lock = threading.Lock()
_warming = threading.Event()


def find_agent(user_agent: str) -> Agent:
    """Return what this user agent is; never raises, and takes long for few strangers only."""
    user_agent = user_agent[:_MAX_LENGTH]  # a header may have hundreds of kilobytes, and thousands are kept
    found = _texts.get(user_agent)
    if found is not None:
        return found
    key = _VERSION.sub("/0", user_agent)
    if not _lock.acquire(blocking=not _warming.is_set()):  # loading takes seconds, which no call waits for
        return _UNKNOWN
    try:
        found = _find(key)
        if found is None:
            return _UNKNOWN
        if len(_texts) >= _KEPT:
            _texts.clear()
        _texts[user_agent] = found
        return found
    finally:
        _lock.release()


def _find(key: str) -> Agent | None:
    found = _known.get(key)
    if found is not None:
        _known.move_to_end(key)
        return found
    if not _allowance.is_left():
        return None
    found = _known[key] = _look_up(key)
    if len(_known) > _KEPT:
        _known.popitem(last=False)
    return found


def warm_up() -> None:
    """Load the patterns, beside whatever else the process does; until then nobody is known to be a bot."""
    _warming.set()
    threading.Thread(target=_warm_up, name="user-agents", daemon=True).start()


def _warm_up() -> None:
    patterns = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E Safari/604.1",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    )
    try:
        with _lock:
            for user_agent in patterns:
                _find(_VERSION.sub("/0", user_agent))
    finally:
        _warming.clear()


def _look_up(user_agent: str) -> Agent:
    start = time.monotonic()
    try:
        return _classify(user_agent)
    except Exception:
        # The library's patterns meet what anybody may send; an event is not lost for a defect there.
        logger.exception("a user agent of %d characters could not be read", len(user_agent))
        return _UNKNOWN
    finally:
        _allowance.spend(time.monotonic() - start)


def _classify(user_agent: str) -> Agent:
    if any(name in user_agent for name in _FOR_PERSONS):
        return Agent(is_bot=False, device="other")
    is_desktop = _is_desktop(user_agent)
    found = DeviceDetector(user_agent, skip_device_detection=is_desktop).parse()
    device = "desktop" if is_desktop else _device(str(found.device_type()))
    return Agent(is_bot=found.is_bot(), device=device)


def _is_desktop(user_agent: str) -> bool:
    """Return whether it says so in plain words: nearly all of the library's time goes into models of phones."""
    return any(word in user_agent for word in _DESKTOP) and not any(word in user_agent for word in _NOT_DESKTOP)


def _device(name: str) -> Device:
    if name in _MOBILE:
        return "mobile"
    if name == "desktop":
        return "desktop"
    return "tablet" if name == "tablet" else "other"
