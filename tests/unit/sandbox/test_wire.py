"""The world over real sockets: every fault as a client sees it, ledgers that outlive a kill, and its speed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from easypost.easypost_client import EasyPostClient
from easypost.errors.api.invalid_request_error import InvalidRequestError

from hub.sandbox.evidence import Evidence
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk, Clock

BASALT = "woocommerce/basalt"
QUICK = Settings.hasty().but(hold_seconds=1.5)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningWorld]:
    with RunningWorld(World.standard("wire", tmp_path / "world", time.time, QUICK)) as started:
        yield started


@pytest.fixture
def intent(running: RunningWorld) -> str:
    """An authorised PaymentIntent."""
    clerk = Clerk(running.world, Clock(time.time()))
    return str(clerk.place(BASALT, "authorised at Stripe").means.intent)


def capture(running: RunningWorld, intent: str, key: str = "k", timeout: float = 5.0) -> requests.Response:
    account = running.connections()["stripe/main"]
    headers = {"Authorization": f"Bearer {account['key']}", "Idempotency-Key": key, "Connection": "close"}
    url = f"{account['base_url']}/v1/payment_intents/{intent}/capture"
    return requests.post(url, headers=headers, timeout=timeout)


def kinds(running: RunningWorld) -> list[str]:
    return [line["kind"] for line in read_ledgers(running.world.directory)["stripe-main"]]


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [("503_before", 503, False), ("503_after", 503, True), ("429", 429, False), ("500_kept", 500, True)],
)
def test_faults_with_a_status(running: RunningWorld, intent: str, kind: str, status: int, done: bool) -> None:
    running.world.desk.faults.script("capture", kind)
    found = capture(running, intent)
    assert found.status_code == status
    assert ("Retry-After" in found.headers) == (kind == "429")
    assert kinds(running) == ["effect"] * done


@pytest.mark.parametrize(("kind", "done"), [("reset_before", False), ("reset_after", True)])
def test_a_reset_is_a_reset(running: RunningWorld, intent: str, kind: str, done: bool) -> None:
    running.world.desk.faults.script("capture", kind)
    with pytest.raises(requests.ConnectionError, match=r"(?i)reset"):
        capture(running, intent)
    assert kinds(running) == ["effect"] * done


@pytest.mark.parametrize(("kind", "done"), [("timeout_before", False), ("timeout_after", True)])
def test_a_time_out_holds_the_socket_beyond_the_deadline(
    running: RunningWorld, intent: str, kind: str, done: bool
) -> None:
    running.world.desk.faults.script("capture", kind)
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        capture(running, intent, timeout=0.15)
    assert time.monotonic() - began < 1
    assert kinds(running) == ["effect"] * done


def test_a_time_out_ends_without_an_answer(running: RunningWorld, intent: str) -> None:
    running.world.desk.faults.script("capture", "timeout_after")
    with pytest.raises(requests.ConnectionError, match=r"(?i)closed|disconnected"):
        capture(running, intent)


def test_an_answer_breaks_off(running: RunningWorld, intent: str) -> None:
    running.world.desk.faults.script("capture", "truncated_after")
    try:
        document = capture(running, intent).json()
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.JSONDecodeError):
        document = None
    assert document is None
    assert kinds(running) == ["effect"]


def test_two_at_once_under_one_key_execute_once(running: RunningWorld, intent: str) -> None:
    running.world.desk.faults.script("capture", "timeout_after")
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(capture, running, intent, "same") for _ in range(8)]
        statuses = []
        for future in futures:
            try:
                statuses.append(future.result().status_code)
            except requests.ConnectionError:
                statuses.append(0)
    assert sorted(statuses) == [0] + [409] * 7
    time.sleep(QUICK.hold_seconds)
    later = capture(running, intent, "same")
    assert (later.status_code, later.headers["Idempotent-Replayed"]) == (200, "true")
    assert kinds(running) == ["effect"]


def test_a_key_expires_within_the_run(tmp_path: Path) -> None:
    world = World.standard("expiry", tmp_path / "world", time.time, QUICK.but(stripe_key_seconds=0.3))
    with RunningWorld(world) as running:
        order = Clerk(world, Clock(time.time())).place(BASALT, "authorised at Stripe")
        assert capture(running, str(order.means.intent)).status_code == 200
        time.sleep(0.35)
        assert capture(running, str(order.means.intent)).status_code == 400
        assert kinds(running) == ["effect", "double"]


def test_connections_are_kept_alive_and_chunks_are_read(running: RunningWorld) -> None:
    account = running.connections()["easypost/main"]
    connection = http.client.HTTPConnection("127.0.0.1", int(running.url.rpartition(":")[2]))
    bearer = {"Authorization": f"Bearer {account['key']}", "Content-Type": "application/json"}
    for i in range(3):
        body = json.dumps({"tracker": {"tracking_code": f"T{i}"}}).encode()
        connection.request(
            "POST", "/easypost/main/v2/trackers", iter([body[:5], body[5:]]), bearer, encode_chunked=True
        )
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["tracking_code"]) == (201, f"T{i}")
    kept = connection.sock
    connection.request("GET", "/easypost/main/v2/trackers", headers=bearer)
    assert len(json.loads(connection.getresponse().read())["trackers"]) == 3
    assert connection.sock is kept
    connection.close()


@pytest.mark.parametrize(
    "raw", [b"nonsense\r\n\r\n", b"GET /x HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET " + b"x" * 70_000]
)
def test_what_is_not_http_ends_the_connection(running: RunningWorld, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(raw)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(10) == b""
    assert requests.get(f"{running.url}/nobody/here/x", timeout=5).status_code == 404


def test_the_vendors_client_buys_a_label(running: RunningWorld) -> None:
    account = running.connections()["easypost/main"]
    client = EasyPostClient(api_key=account["key"], api_base=account["base_url"] + "/v2")
    address = {"name": "A B", "street1": "1 Elm", "city": "Graz", "zip": "8010", "country": "AT"}
    made = client.shipment.create(to_address=address, from_address=address, parcel={"weight": 12}, reference="our-1")
    bought = client.shipment.buy(made.id, rate={"id": made.rates[0].id})
    assert bought.postage_label.label_url
    assert client.shipment.retrieve("our-1").tracking_code == bought.tracking_code
    with pytest.raises(InvalidRequestError, match="Postage already exists"):
        client.shipment.buy(made.id, rate={"id": made.rates[0].id})
    assert client.shipment.refund(made.id).refund_status == "submitted"


def letter(identity: str) -> str:
    return f"From: a@x.example\r\nTo: b@x.example\r\nSubject: Hi\r\nMessage-ID: <{identity}>\r\n\r\nHello\r\n"


def test_mail_over_smtp_and_its_faults(running: RunningWorld) -> None:
    for kind in ("smtp_4xx", "smtp_drop_before_data", "smtp_drop_after_data"):
        running.world.desk.faults.script("mail", kind)
    raised: list[type[Exception]] = []
    for _ in range(4):
        try:
            with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=5) as client:
                client.sendmail("a@x.example", ["b@x.example"], letter("m1"))
        except smtplib.SMTPException as problem:
            raised.append(type(problem))
    assert raised == [smtplib.SMTPDataError, smtplib.SMTPServerDisconnected, smtplib.SMTPServerDisconnected]
    lines = read_ledgers(running.world.directory)["mailbox"]
    assert [(line["message_id"], line["resent"]) for line in lines] == [("<m1>", False), ("<m1>", True)]


class _Hub(BaseHTTPRequestHandler):
    """A hub that is down for its first deliveries."""

    protocol_version = "HTTP/1.1"
    refused = 0
    seen: list[tuple[str, str]] = []  # noqa: RUF012 - one hub a test

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        down = type(self).refused > 0
        type(self).refused -= down
        if not down:
            self.seen.append((self.path, self.headers.get("X-Shopify-Topic", "")))
        self.send_response(503 if down else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


def test_webhooks_are_posted_and_repeated_until_somebody_answers(running: RunningWorld) -> None:
    class Hub(_Hub):
        refused = 2
        seen: list[tuple[str, str]] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    posted = requests.post(f"{running.url}/_sandbox/subscribe", timeout=5, json={
        "prefix": "shopify/aurora", "url": f"http://127.0.0.1:{server.server_port}/webhooks/aurora?x=1"})  # fmt: skip
    assert posted.json()["secret"] == running.connections()["shopify/aurora"]["webhook_secret"]
    requests.post(f"{running.url}/_sandbox/run", json={"count": 1, "rate": 1}, timeout=5)
    deadline = time.monotonic() + 10
    while len(Hub.seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    server.shutdown()
    server.server_close()
    assert {("/webhooks/aurora?x=1", "orders/create"), ("/webhooks/aurora?x=1", "orders/updated")} <= set(Hub.seen)
    status = requests.get(f"{running.url}/_sandbox/status", timeout=5).json()
    assert (status["orders"], status["acknowledged"]) == (1, 1)
    assert status["deliveries"] >= 4


_CHILD = """
import sys, time
from pathlib import Path
from hub.sandbox.running import RunningWorld
from hub.sandbox.world import World
running = RunningWorld(World.standard(5, Path(sys.argv[1]), time.time)).start()
print(running.url, flush=True)
time.sleep(60)
"""


def test_ledgers_and_truths_outlive_a_kill(tmp_path: Path, checkout: Path) -> None:
    """The process is gone between one instruction and the next; what it had answered is on disk."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path / "w")], stdout=subprocess.PIPE, cwd=checkout, text=True
    )
    assert child.stdout is not None
    url = child.stdout.readline().strip()
    requests.post(f"{url}/_sandbox/run", json={"count": 12, "rate": 1000}, timeout=5)
    while requests.get(f"{url}/_sandbox/status", timeout=5).json()["orders"] < 12:
        time.sleep(0.02)
    account = requests.get(f"{url}/_sandbox/connections", timeout=5).json()["shipbob/main"]
    headers = {"Authorization": f"Bearer {account['token']}", "shipbob_channel_id": account["channel"]}
    recipient = {"name": "Nobody", "address": {"address1": "1 Elm", "city": "Graz", "country": "AT"}}
    body = {"reference_id": "r1", "shipping_method": "Standard", "recipient": recipient,
            "products": [{"reference_id": "WH-MUG-OAT", "quantity": 1}]}  # fmt: skip
    assert (
        requests.post(f"{account['base_url']}/2026-01/order", json=body, headers=headers, timeout=5).status_code == 201
    )
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    evidence = Evidence.read(tmp_path / "w")
    assert [line["reference"] for line in evidence.effects[""]] == ["r1"]
    assert len(evidence.orders) == 12


def test_a_stopped_world_lets_go_of_what_it_holds(tmp_path: Path) -> None:
    world = World.standard("stop", tmp_path / "world", time.time, Settings())
    with RunningWorld(world) as running:
        world.desk.faults.script("users", "timeout_after")
        account = running.connections()["easypost/main"]
        bearer = {"Authorization": f"Bearer {account['key']}"}
        asked = threading.Thread(target=_quietly, args=(f"{account['base_url']}/v2/users", bearer))
        asked.start()
        time.sleep(0.1)
        began = time.monotonic()
    asked.join(5)
    assert not asked.is_alive()
    assert time.monotonic() - began < 5


def _quietly(url: str, headers: dict[str, str]) -> None:
    try:
        requests.get(url, headers=headers, timeout=30)
    except requests.ConnectionError:
        return


def test_it_serves_more_than_five_hundred_requests_a_second_of_processor_time(tmp_path: Path) -> None:
    clock = Clock()
    world = World.standard("speed", tmp_path / "world", clock, Settings.hasty(), "rough")
    clerk = Clerk(world, clock)
    for prefix in world.accounts:
        world.subscribe(prefix, "http://hub.example/hook")
    orders = [clerk.place("shopify/aurora", "authorised at Shopify") for _ in range(40)]
    orders += [clerk.place(BASALT, "authorised at Stripe") for _ in range(40)]
    calls, began = world.desk.faults.calls, time.process_time()
    for order in orders:
        for step in (clerk.charge, lambda each: clerk.send_to_warehouse(each, f"ref-{each.id}")):
            try:
                step(order)
            except (AssertionError, ValueError, KeyError, TypeError):
                continue  # a fault befell it
        clerk.woo("GET", "wp-json/wc/v3/orders", query={"per_page": "5"})
        clerk.wait(0.1)
    spent = time.process_time() - began
    assert (world.desk.faults.calls - calls) / spent > 500
