from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from hub.model.contract import NotDurable
from hub.model.message import Delivery, Kept
from hub.webhook import receiver
from hub.webhook.load import load_folder
from hub.webhook.receiver import Endpoint, WebhookFrontDoor
from hub.webhook.verdict import Reason
from tests.inboxes import EachAtOnce

SOURCES = load_folder(Path(__file__).parents[3] / "webhooks")
EXAMPLE = next(one for one in SOURCES["woocommerce"].manifest.examples if one.name == "an order changes")
NOW = datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC)


class Inbox(EachAtOnce):
    """Remembers what it kept; `answer` is what the next one gets, or is raised."""

    def __init__(self) -> None:
        self.kept: list[Delivery] = []
        self.answer: Kept | Exception = Kept.NEW

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        if isinstance(self.answer, Exception):
            raise self.answer
        assert now == NOW
        self.kept.append(delivery)
        return self.answer


class Catalogue(dict[str, Endpoint]):
    def endpoint(self, connection: str) -> Endpoint | None:
        return self.get(connection)


def behind(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []


class Rig:
    def __init__(self, **options: Any) -> None:
        source = SOURCES["woocommerce"]
        self.inbox = Inbox()
        self.catalogue = Catalogue()
        self.catalogue["birch"] = Endpoint("birch", source, source.verifier.keys([EXAMPLE.secret]), {})
        self.door = WebhookFrontDoor(behind, self.catalogue, self.inbox, lambda: NOW, **options)

    def post(
        self, path: str = "/webhooks/birch", *, body: bytes = EXAMPLE.body.encode(), stream: Any = None, **environ: Any
    ) -> Answered:
        full = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": stream or BytesIO(body),
        }
        for name, value in EXAMPLE.headers.items():
            key = name.upper().replace("-", "_")
            full[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        answered = Answered()
        body = b"".join(self.door({k: v for k, v in (full | environ).items() if v is not None}, answered))
        answered.body = body
        return answered


class Answered:
    status = 0
    body = b""

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        self.status = int(status[:3])
        self.headers = dict(headers)

    def problem(self) -> tuple[int, str]:
        """Status and reason of a well-formed problem answer."""
        document = json.loads(self.body)
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.headers["Content-Length"] == str(len(self.body))
        assert document["status"] == self.status
        assert set(document) == {"type", "title", "status", "detail", "reason"}
        return self.status, document["reason"]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_verified_delivery_is_kept_and_then_answered(rig: Rig) -> None:
    assert rig.post().status == 200
    (delivery,) = rig.inbox.kept
    assert delivery.body == EXAMPLE.body.encode()
    assert (delivery.connection, delivery.topic, delivery.kind) == ("birch", "order.updated", "order")
    assert delivery.mapping == "woocommerce-order"
    assert ("X-Wc-Webhook-Topic", "order.updated") in delivery.headers
    assert ("Content-Type", "application/json") in delivery.headers
    assert rig.door.counters.snapshot() == {("birch", "new"): 1}


def test_a_card_number_is_never_kept_though_the_signature_is_over_it(rig: Rig) -> None:
    def sent(number: str) -> Delivery:
        body = f'{{"id":512,"customer_note":"charge {number}"}}'.encode()
        key = rig.catalogue["birch"].keys[0]
        signature = b64encode(digest(key, body, "sha256")).decode()
        assert rig.post(body=body, HTTP_X_WC_WEBHOOK_SIGNATURE=signature).status == 200
        assert len(rig.inbox.kept[-1].body) == len(body)
        return rig.inbox.kept[-1]

    first, other = sent("4111111111111111"), sent("4111112222221111")
    assert first.body == b'{"id":512,"customer_note":"charge 411111******1111"}'
    assert first.body_digest == sha256(first.body).hexdigest(), "a digest of what was sent would give the digits away"
    assert other.body != first.body, "this one has no right check digit"


@pytest.mark.parametrize("kept", Kept)
def test_repeats_and_conflicts_get_the_same_answer(rig: Rig, kept: Kept) -> None:
    first = rig.post()
    rig.inbox.answer = kept
    again = rig.post()
    assert (first.status, first.headers, first.body) == (again.status, again.headers, again.body)
    assert rig.door.counters.snapshot()["birch", kept.value] >= 1


def test_every_other_path_goes_on(rig: Rig) -> None:
    for path in ("/", "/webhooks", "/webhook/birch", "/api/orders", ""):
        assert rig.post(path).status == 204
    assert rig.inbox.kept == []


@pytest.mark.parametrize("name", ["", "nobody", "birch/", "../birch", "birch\x00", "BIRCH"])
def test_no_such_connection(rig: Rig, name: str) -> None:
    assert rig.post(f"/webhooks/{name}").problem() == (404, "unknown_connection")
    assert rig.door.counters.snapshot() == {("", "unknown_connection"): 1}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"])
def test_only_posts(rig: Rig, method: str) -> None:
    answered = rig.post(REQUEST_METHOD=method)
    assert answered.problem() == (405, "not_post")
    assert answered.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"HTTP_CONTENT_ENCODING": "gzip"}, (415, "encoded")),
        ({"HTTP_CONTENT_ENCODING": "identity, br"}, (415, "encoded")),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, (400, "ambiguous_length")),
        ({"HTTP_TRANSFER_ENCODING": "gzip, chunked", "CONTENT_LENGTH": ""}, (400, "bad_transfer")),
        ({"CONTENT_LENGTH": "-1"}, (400, "bad_length")),
        ({"CONTENT_LENGTH": "1_0"}, (400, "bad_length")),
        ({"CONTENT_LENGTH": "٣"}, (400, "bad_length")),
        ({"CONTENT_LENGTH": "9" * 5000}, (400, "bad_length")),
        ({"CONTENT_LENGTH": "999999"}, (400, "truncated")),
        ({"CONTENT_LENGTH": str(1024 * 1024 + 1)}, (413, "too_large")),
        ({"HTTP_X_WC_WEBHOOK_SIGNATURE": None}, (401, "header_missing")),
        ({"HTTP_X_WC_WEBHOOK_SIGNATURE": ""}, (401, "header_missing")),
        ({"HTTP_X_WC_WEBHOOK_SIGNATURE": "é" * 44}, (401, "signature_malformed")),
        ({"CONTENT_LENGTH": "0"}, (401, "signature_mismatch")),
    ],
)
def test_refusals(rig: Rig, environ: dict[str, Any], problem: tuple[int, str]) -> None:
    assert rig.post(**environ).problem() == problem
    assert rig.inbox.kept == []
    assert rig.door.counters.snapshot() == {("birch", problem[1]): 1}


def test_identity_is_no_encoding(rig: Rig) -> None:
    assert rig.post(HTTP_CONTENT_ENCODING="Identity").status == 200


def test_a_connection_without_a_secret_accepts_nothing(rig: Rig) -> None:
    rig.catalogue["birch"] = Endpoint("birch", SOURCES["woocommerce"], (), {})
    assert rig.post().problem() == (401, "no_key")


def test_a_ping_is_answered_and_stored_nowhere(rig: Rig) -> None:
    environ: dict[str, Any] = {"HTTP_" + name.upper().replace("-", "_"): None for name in EXAMPLE.headers}
    environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    assert rig.post(body=b"webhook_id=4", **environ).status == 200
    assert rig.post(body=b"webhook_id=4", **environ, REQUEST_METHOD="GET").problem() == (405, "not_post")
    assert rig.inbox.kept == []
    assert rig.door.counters.snapshot()["birch", "ping"] == 1


class Dribble:
    """A stream that hands out a byte at a time, and says how much was taken."""

    def __init__(self, body: bytes, at_once: int = 1) -> None:
        self.body, self.at_once, self.taken = body, at_once, 0

    def read(self, size: int, /) -> bytes:
        piece = self.body[self.taken : self.taken + min(size, self.at_once)]
        self.taken += len(piece)
        return piece


CHUNKED: dict[str, Any] = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}


def test_a_body_may_come_in_pieces(rig: Rig) -> None:
    assert rig.post(stream=Dribble(EXAMPLE.body.encode())).status == 200
    assert rig.post(stream=Dribble(EXAMPLE.body.encode()), **CHUNKED).status == 200
    assert [delivery.body for delivery in rig.inbox.kept] == [EXAMPLE.body.encode()] * 2


def test_an_endless_body_is_read_to_the_cap_and_no_further() -> None:
    rig = Rig(max_body_bytes=1000)
    stream = Dribble(b"x" * 100_000, at_once=10_000)
    assert rig.post(stream=stream, **CHUNKED).problem() == (413, "too_large")
    assert stream.taken == 1001
    assert rig.post(stream=Dribble(b"x" * 1000), **CHUNKED).problem() == (401, "signature_mismatch")


def test_no_more_is_read_than_was_declared(rig: Rig) -> None:
    stream = Dribble(EXAMPLE.body.encode() + b"the next request", at_once=10_000)
    assert rig.post(stream=stream).status == 200
    assert stream.taken == len(EXAMPLE.body)


class Broken:
    def read(self, size: int, /) -> bytes:
        raise OSError("the sender is gone")


def test_a_body_that_cannot_be_read(rig: Rig) -> None:
    assert rig.post(stream=Broken()).problem() == (400, "unreadable")


def test_too_many_slow_senders_do_not_take_every_thread() -> None:
    rig = Rig(max_readers=1)

    class Slow(Dribble):
        def read(self, size: int, /) -> bytes:
            seen.append(rig.post().problem())
            return super().read(size)

    seen: list[tuple[int, str]] = []
    assert rig.post(stream=Slow(EXAMPLE.body.encode(), 10_000)).status == 200
    assert seen == [(503, "busy")]
    assert rig.post().status == 200


def test_what_cannot_be_made_durable_is_not_acknowledged(rig: Rig) -> None:
    rig.inbox.answer = NotDurable("the disk is full")
    answered = rig.post()
    assert answered.problem() == (503, "not_durable")
    assert int(answered.headers["Retry-After"]) > 0


def test_a_fault_of_ours_is_a_503_and_tells_nothing(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.inbox.answer = RuntimeError("secret detail")
    with caplog.at_level(logging.CRITICAL):
        answered = rig.post()
    assert answered.problem() == (503, "failed")
    assert b"secret detail" not in answered.body
    assert rig.door.counters.snapshot() == {("birch", "failed"): 1}


def test_a_broken_catalogue_is_a_503(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Gone:
        def endpoint(self, connection: str) -> Endpoint | None:
            raise KeyError(connection)

    door = WebhookFrontDoor(behind, Gone(), rig.inbox, lambda: NOW)
    rig.door = door
    with caplog.at_level(logging.CRITICAL):
        assert rig.post().problem() == (503, "failed")


def test_a_rotated_secret_counts_for_the_next_request(rig: Rig) -> None:
    source = SOURCES["woocommerce"]
    for secrets, status in ((["new"], 401), (["new", EXAMPLE.secret], 200), (["new"], 401)):
        rig.catalogue["birch"] = Endpoint("birch", source, source.verifier.keys(secrets), {})
        assert rig.post().status == status


def test_credentials_are_not_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.webhook.headers._AMBIENT", {"HTTP_PROXY_URL": "http://user:pass@proxy"})
    rig.post(
        HTTP_AUTHORIZATION="Bearer x", HTTP_COOKIE="a=b", HTTP_PROXY="http://p", HTTP_PROXY_URL="http://user:pass@proxy"
    )
    names = {name.lower() for name, _ in rig.inbox.kept[0].headers}
    assert names & {"authorization", "cookie", "proxy", "proxy-url"} == set()


def test_headers_that_only_take_up_room_are_not_kept(rig: Rig) -> None:
    short: dict[str, Any] = {f"HTTP_X_{number}": "y" for number in range(200)}
    rig.post(HTTP_X_LONG="x" * 5000, **short)
    kept = rig.inbox.kept[0].headers
    assert len(kept) <= 64
    assert "X-Long" not in dict(kept)


def test_every_reason_has_its_answer(rig: Rig) -> None:
    assert set(receiver._UNVERIFIED) == {reason for reason in Reason if reason is not Reason.VERIFIED}
    assert {kept.value for kept in Kept} < set(receiver._ACCEPTED)
