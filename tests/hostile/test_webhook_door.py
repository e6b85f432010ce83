"""The front door over real sockets, under both servers, against senders who break every rule."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from hmac import digest
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.journey.captured_shop import CapturedShop

SCRIPT = Path(__file__).with_name("webhook_door.py")
SECRET = "invented-secret-of-the-door"
CONNECTIONS: dict[str, list[Any]] = {
    "birch": ["woocommerce", [SECRET], {}],
    "larch": ["shopify", [SECRET], {"shop_domain": "larch.myshopify.com"}],
    "hazel": ["stripe", [SECRET], {}],
}
BODY = b'{"id":1,"date_created":"2026-09-21T15:33:20"}'


class Door:
    def __init__(self, engine: str, connections: dict[str, list[Any]]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        checkout = SCRIPT.parents[2]
        self.child = subprocess.Popen(
            [sys.executable, str(SCRIPT), engine, str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=checkout,
            env=os.environ | {"PYTHONPATH": str(checkout)},
        )
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        with self.child.stdin as pipe:
            pipe.write(json.dumps(connections).encode())
        assert self.child.stdout.readline() == b"listening\n"

    def close(self) -> None:
        self.child.terminate()
        assert self.child.wait(15) == 0
        assert self.child.stdout is not None
        self.child.stdout.close()

    def state(self) -> dict[str, Any]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", "/kept")
            state: dict[str, Any] = json.loads(connection.getresponse().read())
            return state

    def raw(self, *pieces: bytes, pause: float = 0.05) -> int:
        """The status that raw bytes get; 0 where the server hangs up without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause if len(pieces) > 1 else 0)
                with connection.makefile("rb") as answer:
                    line = answer.readline().split()
            except ConnectionError:
                return 0
        return int(line[1]) if line else 0


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    pytest.importorskip(request.param)
    opened = Door(request.param, CONNECTIONS)
    yield opened
    opened.close()


def woocommerce(body: bytes = BODY, *, delivery: str = "d1", more: bytes = b"", length: bytes | None = None) -> bytes:
    signature = b64encode(digest(SECRET.encode(), body, "sha256"))
    size = b"Content-Length: %d\r\n" % len(body) if length is None else length
    return (
        b"POST /webhooks/birch HTTP/1.1\r\nHost: hub\r\nX-WC-Webhook-Topic: order.created\r\n"
        b"X-WC-Webhook-Delivery-ID: %b\r\nX-WC-Webhook-Signature: %b\r\n%b%b\r\n"
    ) % (delivery.encode(), signature, size, more)


def test_a_plain_delivery(door: Door) -> None:
    assert door.raw(woocommerce() + BODY) == 200
    assert ["birch", "order.created"] in [kept[:2] for kept in door.state()["kept"]]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1024 * 1024])
def test_bytes_arrive_as_they_were_sent(door: Door, size: int) -> None:
    body = os.urandom(size)
    assert door.raw(woocommerce(body, delivery=f"size{size}") + body) == 200
    kept = {one[2].partition(":")[0]: one[3] for one in door.state()["kept"]}
    assert b64decode(kept[f"size{size}"]) == body


def test_chunks_arrive_as_one_body(door: Door) -> None:
    head = woocommerce(length=b"Transfer-Encoding: chunked\r\n", delivery="chunks")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (BODY[:1], BODY[1:7], BODY[7:]))
    assert door.raw(head, chunks[:4], chunks[4:], b"0\r\n\r\n") == 200
    assert b64encode(BODY).decode() in [one[3] for one in door.state()["kept"] if one[2].startswith("chunks")]


def test_a_body_in_many_packets(door: Door) -> None:
    assert door.raw(woocommerce(delivery="slow"), *(BODY[at : at + 9] for at in range(0, len(BODY), 9))) == 200


@pytest.mark.parametrize(
    ("name", "request_bytes", "allowed"),
    [
        ("too large, as declared", woocommerce(length=b"Content-Length: 1048577\r\n"), {413}),
        ("both lengths", woocommerce(more=b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", {400, 401}),
        ("two lengths", woocommerce(more=b"Content-Length: 3\r\n") + BODY, {400}),
        ("a signed length", woocommerce(length=b"Content-Length: +45\r\n") + BODY, {400}),
        ("a negative length", woocommerce(length=b"Content-Length: -1\r\n"), {400}),
        ("gzip", woocommerce(more=b"Content-Encoding: gzip\r\n") + BODY, {415}),
        ("a transfer of gzip", woocommerce(length=b"Transfer-Encoding: gzip, chunked\r\n") + b"0\r\n\r\n", {400}),
        ("a broken chunk", woocommerce(length=b"Transfer-Encoding: chunked\r\n") + b"zz\r\n", {400, 401}),
        ("a form in place of a body", woocommerce(b"webhook_id=1", more=b"X-A: b\r\n") + BODY[:12], {401}),
        ("two signatures", woocommerce(more=b"X-WC-Webhook-Signature: AAAA\r\n") + BODY, {401}),
        (
            "one signature twice",
            woocommerce().replace(b"\r\n\r\n", b"\r\nX-WC-Webhook-Signature: A\r\n\r\n") + BODY,
            {401},
        ),
        ("an empty second signature", woocommerce(more=b"X_WC_Webhook_Signature: \r\n") + BODY, {200, 401}),
        # A value that is no ASCII may be as good as absent; the other signature is right.
        ("a second one in other letters", woocommerce(more=b"X-WC-Webhook-Signature: \xc3\xa9\r\n") + BODY, {200, 401}),
        ("no such connection", woocommerce().replace(b"/birch", b"/nobody") + BODY, {404}),
        ("a path that climbs", woocommerce().replace(b"/birch", b"/../webhooks/birch") + BODY, {404}),
        ("an escaped slash", woocommerce().replace(b"/birch", b"/birch%2f") + BODY, {404}),
        ("get", woocommerce().replace(b"POST", b"GET") + BODY, {405}),
        ("a made-up method", woocommerce().replace(b"POST", b"BREW") + BODY, {400, 405, 501}),
        ("many headers", woocommerce(more=b"".join(b"X-%d: a\r\n" % n for n in range(200))) + BODY, {400, 431}),
        ("a huge header", woocommerce(more=b"X-Big: %b\r\n" % (b"x" * 500_000)) + BODY, {0, 400, 431}),
        ("nonsense", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", {0, 400}),
    ],
)
def test_rule_breakers(door: Door, name: str, request_bytes: bytes, allowed: set[int]) -> None:
    assert door.raw(request_bytes) in allowed
    assert door.raw(woocommerce(delivery="after") + BODY) == 200


def test_an_endless_stream_is_cut_off(door: Door) -> None:
    head = woocommerce(length=b"Transfer-Encoding: chunked\r\n", delivery="endless")
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert door.raw(head + piece * 32 + b"0\r\n\r\n") in (0, 413)
    assert not any(one[2].startswith("endless") for one in door.state()["kept"])


def test_a_sender_that_leaves_in_the_middle(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port)) as connection:
        connection.sendall(woocommerce(delivery="left") + BODY[:5])
    assert door.raw(woocommerce(delivery="after") + BODY) == 200
    assert not any(one[2].startswith("left") for one in door.state()["kept"])


def test_two_requests_on_one_connection_stay_apart(door: Door) -> None:
    smuggled = woocommerce(b"{}", delivery="second") + b"{}"
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as connection:
        connection.sendall(woocommerce(delivery="first") + BODY + smuggled)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 2:
            answers += connection.recv(65536)
    kept = {one[2].partition(":")[0]: b64decode(one[3]) for one in door.state()["kept"]}
    assert (kept["first"], kept["second"]) == (BODY, b"{}")


def test_no_sender_ever_saw_a_500(door: Door) -> None:
    assert not any(outcome.endswith(":failed") for outcome in door.state()["counted"])


def test_a_running_shops_deliveries_byte_for_byte(door: Door, shared: Path) -> None:
    shop = CapturedShop(shared / "captures" / "woocommerce")
    opened = Door("granian", {"captured": ["woocommerce", list(shop.secrets), {}]})
    try:
        for _ in range(2):
            assert [one.send("127.0.0.1", opened.port, "/webhooks/captured") for one in shop.deliveries] == [200] * 22
        state = opened.state()
    finally:
        opened.close()
    assert sorted(b64decode(one[3]) for one in state["kept"]) == sorted(
        one.body for one in shop.deliveries if one.topic is not None
    )
    assert state["counted"] == {"captured:new": 21, "captured:repeat": 21, "captured:ping": 2}
