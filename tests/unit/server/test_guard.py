"""What holds for every answer: headers, nonces, hosts, same-origin forms, nothing of others in the page."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from hub.assembly.hub import Hub
from hub.server.app import create_app
from tests.unit.server.browser import Browser

PAGES = [
    "/",
    "/orders",
    "/orders?state=held&q=10",
    "/orders/shop-eu/5451",
    "/steps/shop-eu/5450?step=fulfil-order/label/group:self-easypost-1",
    "/messages",
    "/messages?state=all",
    "/messages/5",
    "/act/replay?order=shop-eu:5449",
    "/act/resolve?order=shop-eu:5450&step=fulfil-order/label/group:self-easypost-1",
    "/act/resume?connection=shipbob-de",
    "/act/messages?connection=shop-eu&cause=unmappable",
    "/nowhere",
]


def nonce_of(policy: str) -> str:
    found = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_strict_about_what_may_run(approver: Browser, path: str) -> None:
    answer = approver.get(path)
    policy = answer.headers["Content-Security-Policy"]
    nonce = nonce_of(policy)
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in policy
    assert "unsafe" not in policy and "http" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    tags = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", answer.text)
    assert len(tags) == 3 and all(f'nonce="{nonce}"' in tag for tag in tags)
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", answer.text), (
        "an inline style or handler, which the policy blocks"
    )
    assert "<style" not in answer.text
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", answer.text)
    assert not [url for url in loaded if "//" in url and not url.startswith("https://shop.example/admin/")]


def test_a_nonce_is_used_once(viewer: Browser) -> None:
    nonces = {nonce_of(viewer.get("/").headers["Content-Security-Policy"]) for _ in range(5)}
    assert len(nonces) == 5


def test_no_page_needs_evaluation(viewer: Browser) -> None:
    assert '"allowEval":false' in viewer.get("/").text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8480", "localhost.evil.example"])
def test_a_host_that_is_not_ours_gets_nothing(app: Flask, host: str) -> None:
    for path in ("/", "/login", "/api/orders", "/healthz"):
        answer = app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 400


@pytest.mark.parametrize("host", ["localhost:8480", "127.0.0.1", "[::1]:8480"])
def test_this_machine_is_ours(app: Flask, host: str) -> None:
    assert app.test_client().get("/login", headers={"Host": host}).status_code == 200


def test_the_public_address_is_ours(hub: Hub) -> None:
    desk = hub.desk
    object.__setattr__(desk, "public_url", "https://hub.example.com")
    object.__setattr__(desk, "behind_proxy", True)
    client = create_app(desk).test_client()
    forwarded = {"X-Forwarded-Host": "hub.example.com", "X-Forwarded-Proto": "https", "Host": "127.0.0.1:8480"}
    assert client.get("/login", headers=forwarded).headers["Strict-Transport-Security"]
    assert client.get("/login", headers={**forwarded, "X-Forwarded-Host": "evil.example"}).status_code == 400


def test_without_a_declared_proxy_nobody_may_say_who_asks(app: Flask) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1", "Host": "127.0.0.1:8480"}
    assert "Strict-Transport-Security" not in app.test_client().get("/login", headers=forwarded).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://127.0.0.1:8480"},
    ],
)
def test_a_form_from_another_site_is_refused(approver: Browser, headers: dict[str, str]) -> None:
    form = approver.hidden("/act/resume?connection=shipbob-de")
    answer = approver.post("/act/resume", {**form, "why": "x"}, **headers)
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_static_files_may_be_kept_for_ever_and_change_their_address_with_their_content(viewer: Browser) -> None:
    found = re.search(r'href="(/static/console\.css\?v=[0-9a-f]{12})"', viewer.get("/").text)
    assert found is not None
    with viewer.get(found[1]) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert answer.content_type.startswith("text/css")


def test_a_form_has_a_largest_size(approver: Browser) -> None:
    form = approver.hidden("/act/resume?connection=shipbob-de")
    assert approver.post("/act/resume", {**form, "why": "x" * 70_000}).status_code == 413


def test_a_defect_shows_nothing_of_itself(app: Flask, viewer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("a secret inside")

    monkeypatch.setattr(type(app.extensions["desk"].views), "orders", broken)
    for path in ("/orders", "/api/orders"):
        answer = viewer.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text and "Traceback" not in answer.text
