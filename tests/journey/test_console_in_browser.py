"""The console in a real browser: what only a browser enforces (the policy) and only a browser runs (the scripts)."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from hub.assembly.hub import open_hub
from hub.model.account import Role
from hub.server.app import create_app
from hub.vault import login
from tests.unit.cli.installed import SECRET, installation
from tests.unit.store.hand import NOW

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def chromium() -> str:
    """The system's browser: CROSSDOCK_CHROMIUM, or the first of the usual names."""
    found = os.environ.get("CROSSDOCK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is installed (or name one in CROSSDOCK_CHROMIUM)")
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*SECRET)
        home = installation(tmp_path_factory.mktemp("console"))
        hub = open_hub(home.folder, clock=lambda: NOW)
    hub.desk.accounts.add_user("ana", Role.ADMIN, login.hash_password(PASSWORD), "test", NOW)
    server = make_server("127.0.0.1", 0, create_app(hub.desk), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    hub.close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        launched = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Signed in; the test fails if the browser had anything to complain about."""
    complaints: list[str] = []
    context = browser.new_context(base_url=address)
    made = context.new_page()
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.goto("/login")
    made.fill("[name=name]", "ana")
    made.fill("[name=password]", PASSWORD)
    made.click("button")
    made.wait_for_url("**/")
    yield made
    context.close()
    assert not complaints


def test_every_page_loads_with_nothing_for_the_policy_to_block(page: Page) -> None:
    paths = ("/", "/orders", "/orders/shop-eu/5451", "/orders/shop-eu/5450", "/messages", "/messages/2")
    for path in paths:
        page.goto(path)
        assert page.evaluate("typeof htmx") == "object"
        assert page.evaluate("document.fonts.check('15px Geist')")


def test_orders_are_found_while_typing_and_the_address_follows(page: Page) -> None:
    page.goto("/orders")
    expect(page.locator("tbody tr")).to_have_count(32)
    page.keyboard.press("/")
    page.keyboard.type("1050")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "q=1050" in page.url
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(32)


def test_a_decision_is_taken_from_the_first_page_to_the_record(page: Page) -> None:
    page.click("text=Resume shipbob-de")
    page.fill("[name=why]", "stocktaking is over")
    page.click("form.card button")
    page.wait_for_url("**/?done=resume")
    assert page.locator("text=Connection paused").count() == 0
    assert page.inner_text("#needing") == "10"


def test_a_walk_leads_to_its_steps(page: Page) -> None:
    page.goto("/orders/shop-eu/5450")
    page.click("svg a.box.parked")
    page.wait_for_url("**/steps/**")
    assert "Label" in page.inner_text("h1")


def test_by_night_it_is_dark(page: Page) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = background()
    page.emulate_media(color_scheme="dark")
    assert (light, background()) == ("rgb(246, 245, 241)", "rgb(19, 18, 17)")
