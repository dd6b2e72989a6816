"""The class of a referring page, by its host alone."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

from apps.tracking.contracts import Referrer

_HOST = re.compile(r"\A[a-z][a-z0-9+.\-]*://(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)
# Whole hosts, or the ends of hosts after a dot. Mail comes first: much of it lives below the name of a search engine.
_EMAIL = (
    "com.google.android.gm",  # the app, as android-app://...
    "gmx.net",
    "mail.aol.com",
    "mail.google.com",
    "mail.proton.me",
    "mail.ru",
    "mail.yahoo.com",
    "mail.yahoo.co.jp",
    "mail.yandex.ru",
    "navigator.gmx.net",
    "outlook.live.com",
    "outlook.office.com",
    "outlook.office365.com",
    "web.de",
    "webmail.free.fr",
)
_SEARCH = (
    "ask.com",
    "baidu.com",
    "bing.com",
    "com.google.android.googlequicksearchbox",
    "duckduckgo.com",
    "ecosia.org",
    "kagi.com",
    "naver.com",
    "perplexity.ai",
    "qwant.com",
    "search.aol.com",
    "search.brave.com",
    "seznam.cz",
    "so.com",
    "sogou.com",
    "startpage.com",
    "swisscows.com",
)
_SEARCH_BRANDS = ("google", "yahoo", "yandex")  # under the domains of many countries
_SOCIAL = (
    "bsky.app",
    "com.facebook.katana",
    "com.pinterest",
    "facebook.com",
    "fb.com",
    "instagram.com",
    "linkedin.com",
    "lnkd.in",
    "mastodon.social",
    "messenger.com",
    "pin.it",
    "pinterest.com",
    "pinterest.co.uk",
    "pinterest.de",
    "pinterest.fr",
    "quora.com",
    "reddit.com",
    "snapchat.com",
    "t.co",
    "t.me",
    "telegram.org",
    "threads.com",
    "threads.net",
    "tiktok.com",
    "tumblr.com",
    "twitter.com",
    "vk.com",
    "weibo.com",
    "whatsapp.com",
    "x.com",
    "xing.com",
    "youtu.be",
    "youtube.com",
)
_COUNTRY = re.compile(r"\A(?:com|[a-z]{2}|com?\.[a-z]{2})\Z")
_KEPT = 4_096


def host_of(address: str) -> str:
    """Return the host of an address in small letters, or the empty text where it has none."""
    found = _HOST.match(address)
    return found[1].lower() if found else ""


def classify(address: str, own_hosts: AbstractSet[str]) -> Referrer:
    """Return the class of the referring page; no address at all means that there was none."""
    if not address or address.isspace():
        return "direct"
    host = host_of(address)
    return "internal" if host in own_hosts else _classify_host(host)


@lru_cache(maxsize=_KEPT)
def _classify_host(host: str) -> Referrer:
    if _is_one_of(host, _EMAIL):
        return "email"
    if _is_one_of(host, _SEARCH) or _is_search_brand(host):
        return "search"
    return "social" if _is_one_of(host, _SOCIAL) else "other"


def _is_one_of(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _is_search_brand(host: str) -> bool:
    labels = host.split(".")
    for brand in _SEARCH_BRANDS:
        if brand in labels:
            return _COUNTRY.match(".".join(labels[labels.index(brand) + 1 :])) is not None
    return False
