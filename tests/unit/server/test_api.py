"""The API and the probes: who may read, what they answer, and how they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from hub.assembly.hub import Hub
from hub.model.account import Scope
from hub.server.app import create_app
from hub.vault import login
from tests.unit.server.browser import Browser
from tests.unit.store.hand import NOW

EVERYTHING = tuple(Scope)


@pytest.fixture
def token(hub: Hub) -> str:
    return make_token(hub, EVERYTHING)


def make_token(hub: Hub, scopes: tuple[Scope, ...], life: timedelta = timedelta(days=1)) -> str:
    token = login.new_token()
    hub.desk.accounts.add_token(
        f"t{len(token)}-{token[-4:]}", login.digest(token), login.shown(token), scopes, "test", NOW, life
    )
    return token


def get(app: Flask, path: str, token: str | None = None, **headers: str) -> Any:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return app.test_client().get(path, base_url="http://127.0.0.1:8480", headers=headers)


def test_orders_are_listed_as_json(app: Flask, token: str) -> None:
    answer = get(app, "/api/orders?state=parked&state=dead", token)
    rows = answer.json["orders"]
    assert [row["label"] for row in rows] == ["#1050", "#880"]
    assert rows[0]["total"] == {"amount": 12190, "currency": "EUR"}
    assert rows[0]["placed_at"] == "2026-05-12T07:45:00Z"
    assert (rows[0]["key"], rows[0]["cause"], answer.json["next"]) == ("shop-eu:5450", "absent", None)


def test_a_cursor_leads_on(app: Flask, token: str) -> None:
    first = get(app, "/api/orders?limit=5", token).json
    second = get(app, f"/api/orders?limit=5&after={first['next']}", token).json
    assert not {row["key"] for row in first["orders"]} & {row["key"] for row in second["orders"]}


def test_one_order_comes_whole_with_its_timeline(app: Flask, token: str) -> None:
    found = get(app, "/api/orders/shop-eu:5450", token).json
    assert (found["key"], found["state"], found["order"]["label"]) == ("shop-eu:5450", "parked", "#1050")
    label = next(step for step in found["steps"] if step["name"] == "label")
    assert (label["state"], label["cause"]) == ("parked", "absent")
    assert found["timeline"][0]["text"] == "Placed at shop-eu"
    capture = next(effect for effect in found["effects"] if effect["capability"] == "payment.capture")
    assert capture["executed"] is True and len(capture["key"]) == 40
    assert "body" not in capture


def test_what_needs_a_person_is_told_with_its_command(app: Flask, token: str) -> None:
    found = get(app, "/api/attention", token).json
    assert len(found["needs"]) == 11 and found["notices"] == []
    assert found["needs"][0]["action"]["command"] == "crossdock release shop-eu:5448"
    assert found["needs"][0]["due_at"] == "2026-05-13T04:30:00Z"


def test_messages_tell_what_became_of_them_and_not_what_they_said(app: Flask, token: str) -> None:
    answer = get(app, "/api/messages?state=held", token)
    assert [row["id"] for row in answer.json["messages"]] == [4, 3, 2]
    assert "body" not in answer.json["messages"][0]


@pytest.mark.parametrize(
    "path", ["/api/orders", "/api/orders/shop-eu:5450", "/api/attention", "/api/messages", "/metrics"]
)
def test_nobody_reads_without_a_token(app: Flask, path: str) -> None:
    answer = get(app, path)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        (Scope.ORDERS, "/api/orders"),
        (Scope.ATTENTION, "/api/attention"),
        (Scope.MESSAGES, "/api/messages"),
        (Scope.METRICS, "/metrics"),
    ],
)
def test_a_token_reads_what_its_scope_names_and_no_more(hub: Hub, app: Flask, scope: Scope, path: str) -> None:
    assert get(app, path, make_token(hub, (scope,))).status_code == 200
    lacking = tuple(other for other in Scope if other is not scope)
    refused = get(app, path, make_token(hub, lacking))
    assert refused.status_code == 403 and scope.value in refused.json["detail"]


def test_forged_expired_and_revoked_tokens_are_refused_alike(hub: Hub, app: Flask, token: str) -> None:
    expired = make_token(hub, EVERYTHING, timedelta(0))
    broken = token[:-1] + ("0" if token[-1] != "0" else "1")
    for known in hub.desk.accounts.tokens():
        hub.desk.accounts.revoke_token(known.name, "test", NOW)
    answers = [get(app, "/api/orders", one) for one in (expired, broken, login.new_token(), "", "x" * 5000, token)]
    assert [answer.status_code for answer in answers] == [401] * 6
    assert len({answer.data for answer in answers}) == 1
    assert get(app, "/api/orders", Authorization=f"Basic {token}").status_code == 401


def test_a_person_who_is_signed_in_may_read_too(viewer: Browser) -> None:
    assert viewer.get("/api/attention").status_code == 200
    assert viewer.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/orders?state=invented", 400, "state"),
        ("/api/orders?limit=0", 400, "limit"),
        ("/api/orders?limit=201", 400, "limit"),
        ("/api/orders?limit=²", 400, "limit"),
        ("/api/orders?limit=-1", 400, "limit"),
        ("/api/orders?after=broken", 400, "after"),
        ("/api/messages?state=x", 400, "state"),
        ("/api/messages?after=x", 400, "after"),
        ("/api/orders/shop-eu:none", 404, "no such order"),
        ("/api/nothing", 404, ""),
    ],
)
def test_a_bad_question_gets_a_problem_document(app: Flask, token: str, path: str, status: int, word: str) -> None:
    answer = get(app, path, token)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status and word in answer.json["detail"]


def test_writing_is_not_what_the_api_is_for(app: Flask, token: str) -> None:
    answer = app.test_client().post(
        "/api/orders", base_url="http://127.0.0.1:8480", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")


# --- probes


def test_alive_and_ready_are_told_to_anybody(app: Flask) -> None:
    assert get(app, "/healthz").json == {"status": "ok"}
    assert (get(app, "/readyz").status_code, get(app, "/readyz").json["status"]) == (200, "ready")


def test_a_hub_that_cannot_work_is_not_ready(hub: Hub) -> None:
    desk = hub.desk
    object.__setattr__(desk, "faults", lambda: ["the workers are not running"])
    answer = get(create_app(desk), "/readyz")
    assert (answer.status_code, answer.json["faults"]) == (503, ["the workers are not running"])


def test_a_store_that_cannot_be_read_is_not_ready_but_alive(
    hub: Hub, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise OSError("disk")

    monkeypatch.setattr(type(hub.desk.views), "counts", broken)
    assert get(app, "/readyz").status_code == 503
    assert get(app, "/healthz").status_code == 200


def test_figures_are_read_at_the_scrape(hub: Hub, app: Flask, token: str) -> None:
    answer = get(app, "/metrics", token)
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["crossdock_orders", "completed"] == 18
    assert found["crossdock_steps", "parked"] == 1
    assert found["crossdock_attention", "paused"] == 3
    assert found["crossdock_messages_held", "unmappable"] == 2
    assert found["crossdock_conflicts",] == 1
    assert found["crossdock_connection_paused", "shipbob-de"] == 1
    assert found["crossdock_connection_paused", "stripe-main"] == 0
    hub.store.set_standing("stripe-main", NOW, paused=True)
    assert 'crossdock_connection_paused{connection="stripe-main"} 1.0' in get(app, "/metrics", token).text


def test_the_front_doors_totals_are_counted(hub: Hub, token: str) -> None:
    desk = hub.desk
    object.__setattr__(desk, "received", lambda: {("shop-eu", "new"): 7, ("", "unknown_connection"): 2})
    text = get(create_app(desk), "/metrics", token).text
    assert 'crossdock_deliveries_total{connection="shop-eu",outcome="new"} 7.0' in text
