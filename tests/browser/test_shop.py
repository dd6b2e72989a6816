"""The shop of the demo in a real browser: what a shopper looks at changes what the shopper is shown."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, TimeoutError, sync_playwright  # noqa: A004 - its name

from demo.run import Demo, run_demo
from demo.seeding import Size

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
FOR_YOU = "[data-placement=home-for-you]"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with run_demo(tmp_path_factory.mktemp("demo"), port=None, size=Size(scale=0.3, shoppers=500)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    named = os.environ.get("SPECREC_CHROMIUM") or os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert named, "There is no Chromium: apt-get install chromium, or name it in SPECREC_CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, height = WIDTHS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console says of errors and warnings, and errors of scripts."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def items_of(page: Page, rail: str) -> list[str]:
    page.wait_for_selector(f"{rail}[data-filled] li[data-item]")
    return [str(entry.get_attribute("data-item")) for entry in page.query_selector_all(f"{rail} li[data-item]")]


def photograph(page: Page, name: str) -> None:
    """Scroll through, so that pictures load, and keep the whole page as an artefact."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.evaluate(
        "async () => { for (let y = 0; y < document.body.scrollHeight; y += 400)"
        " { scrollTo(0, y); await new Promise((go) => setTimeout(go, 60)); } scrollTo(0, 0); }"
    )
    page.wait_for_load_state("networkidle")
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=ARTEFACTS / f"shop-{name}-{width}.png", full_page=True)


def come_back_until(page: Page, selector: str) -> None:
    """Wait for what the page shows; where Redis stalls, a page is not personal by design, and a later one is."""
    for _ in range(4):
        try:
            page.wait_for_selector(selector, timeout=5_000)
        except TimeoutError:
            page.reload()
        else:
            return
    page.wait_for_selector(selector)


class TestShop:
    def test_a_click_changes_the_rails(self, demo: Demo, page: Page, complaints: list[str]) -> None:
        page.goto(f"{demo.url}/shop/uk/")
        page.click("#consent-yes")
        before = items_of(page, FOR_YOU)
        photograph(page, "home-before")
        page.click("[data-placement=home-new] li[data-item] a")
        page.wait_for_selector("#product h1")
        clicked = page.url.rsplit("/", 1)[-1].split("#")[0]
        similar = items_of(page, "[data-placement=product-similar]")
        photograph(page, "product")
        page.go_back()
        page.wait_for_selector("[data-placement=home-recent] li[data-item]")
        after = items_of(page, FOR_YOU)
        photograph(page, "home-after")

        assert len(similar) >= 4
        assert clicked not in similar
        assert items_of(page, "[data-placement=home-recent]") == [clicked]
        assert after != before
        assert page.query_selector(f"{FOR_YOU} .card-reason:not(.common)")
        assert complaints == []

    def test_without_consent_nothing_is_personal(self, demo: Demo, page: Page, complaints: list[str]) -> None:
        page.goto(f"{demo.url}/shop/de/")
        page.click("#consent-no")
        before = items_of(page, FOR_YOU)
        page.click("[data-placement=home-new] li[data-item] a")
        page.wait_for_selector("#product h1")
        page.go_back()
        after = items_of(page, FOR_YOU)

        assert after == before
        assert page.is_hidden("[data-placement=home-recent]")
        assert page.evaluate("localStorage.getItem('specrec.de.shopper')") is None
        assert complaints == []

    def test_the_basket_is_filled_and_bought(self, demo: Demo, page: Page, complaints: list[str]) -> None:
        page.goto(f"{demo.url}/shop/uk/c/sunglasses")
        page.click("#consent-yes")
        page.click("#grid .card")
        page.click("#product .button")
        page.goto(f"{demo.url}/shop/uk/basket")
        goods = items_of(page, "[data-placement=basket-complete]")
        photograph(page, "basket")
        page.click(".sum .button")
        page.wait_for_selector("#basket-body [role=status]")

        assert goods
        assert page.is_hidden("#basket-count")
        assert complaints == []

    def test_a_persona_is_greeted_in_the_language_of_the_site(
        self, demo: Demo, page: Page, complaints: list[str]
    ) -> None:
        page.goto(f"{demo.url}/shop/de/")
        page.click("#shopper-open")
        page.click(".persona >> text=Chloé")
        come_back_until(page, f"{FOR_YOU} .rail-head .quiet >> text=Chloé")
        photograph(page, "persona")

        assert page.inner_text(f"{FOR_YOU} h2") == "Für Sie"
        assert page.inner_text(f"{FOR_YOU} .rail-head .quiet") == "Ausgewählt für Chloé"
        assert "€" in page.inner_text(f"{FOR_YOU} .card-price")
        assert complaints == []
