"""Signing in and out, and the first user."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from hub.assembly.hub import Hub, open_hub
from hub.model.account import Role
from hub.server.app import create_app
from hub.server.door import IDLE
from hub.server.entrance import safe_next
from hub.server.setup import FILE, offer_setup
from hub.vault import login
from tests.unit.cli.installed import SECRET, installation
from tests.unit.server.browser import PASSWORD, Browser
from tests.unit.store.hand import NOW


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that nobody has an account of."""
    monkeypatch.setenv(*SECRET)
    home = installation(tmp_path / "fresh", filled=False)
    return open_hub(home.folder, threaded=False, clock=lambda: NOW)


def test_the_first_user_comes_by_the_token_that_the_hub_shows(fresh: Hub) -> None:
    token = offer_setup(fresh.desk)
    assert token is not None
    file = fresh.home.data / FILE
    assert file.read_text().strip() == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    browser = Browser(create_app(fresh.desk))
    assert browser.get("/").headers["Location"] == "/setup"
    assert browser.get("/login").headers["Location"] == "/setup"
    answer = browser.send("/setup", "/setup", token=token, name="Ana", password="a long enough one")
    assert answer.status_code == 303
    assert browser.get("/").status_code == 200
    found = fresh.desk.accounts.user("ana")
    assert found is not None and found.role is Role.ADMIN
    assert not file.exists()
    assert offer_setup(fresh.desk) is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"token": "setup_wrong"}, "not valid"),
        ({"password": "short"}, "at least 12"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "more different"),
        ({"password": "I am ana, hello"}, "without your name"),
        ({"name": "../etc"}, "2 to 40"),
    ],
)
def test_no_first_user_without_the_token_or_with_a_weak_password(fresh: Hub, typed: dict[str, str], says: str) -> None:
    given = {"token": offer_setup(fresh.desk) or "", "name": "ana", "password": "a long enough one"}
    answer = Browser(create_app(fresh.desk)).send("/setup", "/setup", **{**given, **typed})
    assert answer.status_code == 400
    assert says in answer.text
    assert fresh.desk.accounts.awaits_setup()


def test_only_the_latest_token_works(fresh: Hub) -> None:
    old, new = offer_setup(fresh.desk), offer_setup(fresh.desk)
    assert old != new
    browser = Browser(create_app(fresh.desk))
    typed = {"name": "ana", "password": "a long enough one"}
    assert browser.send("/setup", "/setup", token=old or "", **typed).status_code == 400
    assert browser.send("/setup", "/setup", token=new or "", **typed).status_code == 303


def test_whoever_is_not_signed_in_sees_nothing_and_comes_back_afterwards(browser: Browser) -> None:
    answer = browser.get("/orders?state=held")
    assert answer.headers["Location"] == "/login?next=%2Forders%3Fstate%3Dheld"
    form = browser.hidden("/login?next=%2Forders%3Fstate%3Dheld")
    assert form["next"] == "/orders?state=held"
    done = browser.post("/login", {**form, "name": "viewer", "password": PASSWORD})
    assert done.headers["Location"] == "/orders?state=held"


def test_an_open_page_is_sent_to_the_login_when_its_session_has_ended(browser: Browser) -> None:
    answer = browser.get("/", HX_Request="true")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


@pytest.mark.parametrize(
    "where",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "/ /evil", "", None],
)
def test_after_the_login_only_pages_of_ours_follow(where: str | None) -> None:
    assert safe_next(where) == "/"


def test_the_cookie_is_kept_from_scripts_and_other_sites(app: Flask) -> None:
    browser = Browser(app)
    answer = browser.send("/login", "/login", name="viewer", password=PASSWORD)
    cookie = next(cookie for cookie in browser.cookies(answer) if cookie.startswith("crossdock="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie  # plain HTTP, on this machine


def test_over_tls_the_cookie_is_bound_to_host_and_tls(app: Flask) -> None:
    browser = Browser(app, base_url="https://127.0.0.1")
    answer = browser.send("/login", "/login", name="viewer", password=PASSWORD)
    cookie = next(cookie for cookie in browser.cookies(answer) if cookie.startswith("__Host-crossdock="))
    assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert browser.get("/").headers["Strict-Transport-Security"]


def test_the_store_never_sees_the_cookie(hub: Hub, app: Flask) -> None:
    browser = Browser(app).sign_in(Role.VIEWER)
    cookie = browser.client.get_cookie("crossdock", domain="127.0.0.1")
    assert cookie is not None
    rows = hub.store.readers.tx().all("SELECT digest FROM sessions")
    assert [row["digest"] for row in rows] == [login.digest(cookie.value)]


def test_a_login_always_gets_a_new_cookie(app: Flask) -> None:
    browser = Browser(app).sign_in(Role.VIEWER)
    before = browser.client.get_cookie("crossdock", domain="127.0.0.1")
    form = Browser(app).hidden("/login")
    visit = form["visit"]
    browser.client.set_cookie("crossdock-visit", visit, domain="127.0.0.1")
    browser.post("/login", {**form, "name": "operator", "password": PASSWORD})
    after = browser.client.get_cookie("crossdock", domain="127.0.0.1")
    assert before is not None and after is not None and before.value != after.value
    browser.client.set_cookie("crossdock", before.value, domain="127.0.0.1")
    assert browser.get("/").status_code == 302


def test_signing_out_ends_the_session_for_good(viewer: Browser) -> None:
    cookie = viewer.client.get_cookie("crossdock", domain="127.0.0.1")
    text = viewer.get("/").text
    csrf = text.split('name="csrf" value="')[1].split('"')[0]
    assert viewer.post("/logout", {}).status_code == 403
    assert viewer.post("/logout", {"csrf": csrf}).status_code == 302
    assert cookie is not None
    viewer.client.set_cookie("crossdock", cookie.value, domain="127.0.0.1")
    assert viewer.get("/").status_code == 302


def test_wrong_passwords_and_wrong_names_look_the_same(browser: Browser) -> None:
    one = browser.send("/login", "/login", name="viewer", password="wrong")
    other = browser.send("/login", "/login", name="nobody", password="wrong")
    assert one.status_code == other.status_code == 401
    assert "do not fit together" in one.text and "do not fit together" in other.text


def test_guessing_gets_slower_by_account_and_by_address(hub: Hub, app: Flask) -> None:
    browser = Browser(app)
    answers = [browser.send("/login", "/login", name="viewer", password=f"guess {n}").status_code for n in range(6)]
    assert answers == [401, 401, 401, 401, 401, 429]
    assert browser.send("/login", "/login", name="viewer", password=PASSWORD).status_code == 429
    # Another account is not closed with it, until the address has failed too often.
    others = [browser.send("/login", "/login", name=f"u{n}", password="x").status_code for n in range(9)]
    assert others == [401] * 8 + [429]
    blocked = hub.desk.accounts.free_at(["account:viewer"], NOW)
    assert blocked is not None and blocked <= NOW + timedelta(seconds=60)


def test_a_login_form_of_another_browser_is_refused(browser: Browser) -> None:
    form = browser.hidden("/login")
    browser.client.delete_cookie("crossdock-visit", domain="127.0.0.1")
    answer = browser.post("/login", {**form, "name": "viewer", "password": PASSWORD})
    assert answer.status_code == 403


def test_an_idle_session_ends(hub: Hub, app: Flask) -> None:
    browser = Browser(app).sign_in(Role.VIEWER)
    later = NOW + IDLE + timedelta(seconds=1)
    hub.clock = lambda: later
    app.extensions["desk"] = hub.desk
    assert browser.get("/").status_code == 302
