"""People and bots, devices, and where a shopper came from."""

import threading

import pytest

from apps.tracking.steps import agents
from apps.tracking.steps.agents import Agent, find_agent
from apps.tracking.steps.referrers import classify, host_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E Safari/604"
)
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Version/16.0 Mobile/15E148 Safari/604.1"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537"
TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 Version/6.0 TV Safari/538.1"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BINGBOT = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
    "+http://www.bing.com/bingbot.htm) Chrome/103 Safari/537.36"
)
HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

KNOWN: dict[str, tuple[str, Agent]] = {
    "desktop": (CHROME, Agent(is_bot=False, device="desktop")),
    "desktop of Apple": (SAFARI, Agent(is_bot=False, device="desktop")),
    "phone": (IPHONE, Agent(is_bot=False, device="mobile")),
    "phone with Android": (PIXEL, Agent(is_bot=False, device="mobile")),
    "tablet": (IPAD, Agent(is_bot=False, device="tablet")),
    "television": (TV, Agent(is_bot=False, device="other")),
    "a browser that is driven": (HEADLESS, Agent(is_bot=False, device="desktop")),
    "an app on Android": ("okhttp/4.9.3", Agent(is_bot=False, device="other")),
    "an app on iOS": ("Shop/3.1 CFNetwork/1410 Darwin/22.6.0", Agent(is_bot=False, device="mobile")),
    "an app of Flutter": ("Dart/3.0 (dart:io)", Agent(is_bot=False, device="other")),
    "a mail's pictures": (GMAIL, Agent(is_bot=False, device="other")),
    "crawler": (GOOGLEBOT, Agent(is_bot=True, device="other")),
    "crawler that looks like a browser": (BINGBOT, Agent(is_bot=True, device="other")),
    "monitor": ("UptimeRobot/2.0", Agent(is_bot=True, device="other")),
    "curl": ("curl/8.1", Agent(is_bot=False, device="other")),
    "curl by a browser's name": ("Mozilla/5.0", Agent(is_bot=False, device="other")),
    "a script": ("python-requests/2.31.0", Agent(is_bot=False, device="other")),
}
STRANGE = {
    "NUL and beyond": "\0\xff\ud800" * 50,
    "blanks": " " * 5_000,
    "parentheses": "(" * 5_000,
    "words": "a/1 " * 2_000,
    "lines": "\r\n\t" * 500,
    "letters of another script": "名字" * 300,
    "a pattern": "(?:a+)+$" * 100,
}


@pytest.fixture(autouse=True)
def _rested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "_allowance", agents._Allowance(most=1e9, share=1.0, dearest=0.1))
    agents._known.clear()
    agents._texts.clear()


class TestFindAgent:
    @pytest.mark.parametrize(("user_agent", "expected"), KNOWN.values(), ids=KNOWN)
    def test_it_tells_people_bots_and_devices(self, user_agent: str, expected: Agent) -> None:
        assert find_agent(user_agent) == expected

    @pytest.mark.parametrize("user_agent", STRANGE.values(), ids=STRANGE)
    def test_nothing_strange_raises(self, user_agent: str) -> None:
        assert find_agent(user_agent).is_bot is False

    def test_versions_make_no_difference(self) -> None:
        find_agent("Mozilla/5.0 (X11; Linux x86_64; rv) Gecko/20100101 Firefox/126.0")
        find_agent("Mozilla/5.0 (X11; Linux x86_64; rv) Gecko/20100101 Firefox/127.0.2")
        assert len(agents._known) == 1

    def test_strangers_beyond_the_allowance_count_as_people(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find_agent(GOOGLEBOT)
        monkeypatch.setattr(agents, "_allowance", agents._Allowance(most=0.0, share=0.0, dearest=0.1))
        assert find_agent("UptimeRobot/2.0") == Agent(is_bot=False, device=None)
        assert find_agent(GOOGLEBOT).is_bot is True

    def test_no_call_waits_while_the_patterns_are_loaded(self) -> None:
        agents._warming.set()
        try:
            with agents._lock:
                assert find_agent(CHROME) == Agent(is_bot=False, device=None)
        finally:
            agents._warming.clear()
        assert find_agent(CHROME) == Agent(is_bot=False, device="desktop")

    def test_a_defect_of_the_library_costs_no_event(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise KeyError("pattern")

        monkeypatch.setattr(agents, "DeviceDetector", fail)
        assert find_agent(CHROME) == Agent(is_bot=False, device=None)

    def test_of_a_long_one_only_the_beginning_is_kept(self) -> None:
        assert [find_agent(f"{IPHONE} {'x' * 400} {number}").device for number in range(3)] == ["mobile"] * 3
        assert [len(text) for text in agents._texts] == [400]

    def test_what_is_kept_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(agents, "_KEPT", 2)
        for name in ("curl", "Wget", "HTTPie"):
            find_agent(f"{name}/1")
        assert list(agents._known) == ["Wget/0", "HTTPie/0"]


class TestWarmUp:
    def test_common_ones_are_known_afterwards(self) -> None:
        agents.warm_up()
        (thread,) = [one for one in threading.enumerate() if one.name == "user-agents"]
        thread.join()
        assert (len(agents._known), agents._warming.is_set()) == (3, False)


CLASSES: dict[str, tuple[str, str]] = {
    "nothing": ("", "direct"),
    "blank": (" ", "direct"),
    "our shop": ("https://shop.example/p/1?q=secret", "internal"),
    "our shop in capitals": ("HTTPS://SHOP.example:443/", "internal"),
    "a shop like ours": ("https://shop.example.evil.test/", "other"),
    "google": ("https://www.google.com/", "search"),
    "google in Britain": ("https://www.google.co.uk/search?q=x", "search"),
    "google in Germany": ("https://google.de/", "search"),
    "no google": ("https://google.evil.test/", "other"),
    "nearly google": ("https://notgoogle.com/", "other"),
    "mail of google": ("https://mail.google.com/mail/u/0/", "email"),
    "mail of yahoo": ("https://uk.mail.yahoo.com/", "email"),
    "yahoo": ("https://uk.search.yahoo.com/", "search"),
    "duckduckgo": ("https://duckduckgo.com/", "search"),
    "bing": ("http://bing.com", "search"),
    "the app of google": ("android-app://com.google.android.googlequicksearchbox/", "search"),
    "the app of gmail": ("android-app://com.google.android.gm", "email"),
    "facebook": ("https://l.facebook.com/l.php?u=x", "social"),
    "short link": ("https://t.co/abc", "social"),
    "nearly a short link": ("https://at.co/abc", "other"),
    "a name before the host": ("https://google.com@evil.test/", "other"),
    "a blog": ("https://blog.example.org/a", "other"),
    "no address": ("not an address", "other"),
    "half an address": ("http://[", "other"),
}


class TestClassify:
    @pytest.mark.parametrize(("address", "expected"), CLASSES.values(), ids=CLASSES)
    def test_by_host(self, address: str, expected: str) -> None:
        assert classify(address, frozenset({"shop.example"})) == expected


class TestHostOf:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [("https://Shop.example:8443/x", "shop.example"), ("http://localhost", "localhost"), ("*", ""), ("", "")],
    )
    def test_in_small_letters_without_port(self, address: str, expected: str) -> None:
        assert host_of(address) == expected
