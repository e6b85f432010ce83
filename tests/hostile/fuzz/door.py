"""The front door as a WSGI application, with every shipped source configured: any request, signed or not."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hub.model.message import Delivery, Kept
from hub.webhook.load import load_folder
from hub.webhook.receiver import PREFIX, Endpoint, WebhookFrontDoor
from hub.webhook.source import Source
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.json_body import SEEDS as JSON_SEEDS
from tests.hostile.fuzz.signing import SIGNERS
from tests.hostile.fuzz.target import Target, Violation, expect
from tests.inboxes import EachAtOnce

NOW = 1_790_000_000
SETTINGS: dict[str, Any] = {"shop_domain": "larch.myshopify.com"}
STATUSES = frozenset({"200", "400", "401", "404", "405", "413", "415", "503"})
MAX_BODY_BYTES = 2000
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")

_HEADERS = (
    "HTTP_X_SHOPIFY_HMAC_SHA256", "HTTP_X_SHOPIFY_TOPIC", "HTTP_X_SHOPIFY_SHOP_DOMAIN", "HTTP_X_SHOPIFY_EVENT_ID",
    "HTTP_X_WC_WEBHOOK_SIGNATURE", "HTTP_X_WC_WEBHOOK_TOPIC", "HTTP_X_WC_WEBHOOK_DELIVERY_ID", "HTTP_STRIPE_SIGNATURE",
    "HTTP_X_HMAC_SIGNATURE", "HTTP_WEBHOOK_ID", "HTTP_WEBHOOK_TIMESTAMP", "HTTP_WEBHOOK_SIGNATURE",
    "HTTP_X_WEBHOOK_TOPIC", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "CONTENT_LENGTH", "CONTENT_TYPE",
    "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_", "HTTP_X",
)  # fmt: skip
_TEXTS = (
    "", " ", "gzip", "identity", "chunked", "gzip, chunked", "0", "-1", "+5", "5, 5", "９", "99999999999999",
    "application/json", "application/x-www-form-urlencoded", "orders/create", "orders/delete", "order.deleted",
    "shop/redact", f"t={NOW},v1=", "v1,", "v1," * 20, "hmac-sha256-hex=", str(NOW), str(NOW + 301), "1e9", "\u0661",
    "\xe9\xff", "a\x00b", "x" * 5000, SETTINGS["shop_domain"],
)  # fmt: skip
_BODIES = (
    *JSON_SEEDS, b"webhook_id=4", b'{"id":7301,"created_at":"2026-09-21T15:33:20Z"}', b'{"id":7301}',
    b'{"id":"evt_1","type":"charge.captured","data":{}}',
    b'{"id":"evt_1","description":"tracker.updated","result":{}}',
    b'{"type":"a","type":"b","id":"\\ud800","pending_webhooks":1,"\\ud800":2}',
    b'{"shop_domain":"larch.myshopify.com"}',
)  # fmt: skip


class Inbox(EachAtOnce):
    """Keeps in memory; a delivery that cannot be stored is found when it is encoded."""

    def __init__(self) -> None:
        self.kept: list[Delivery] = []

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        self.kept.append(delivery)
        return Kept.NEW


class Catalogue(dict[str, Endpoint]):
    def endpoint(self, connection: str) -> Endpoint | None:
        return self.get(connection)


@cache
def sources() -> dict[str, Source]:
    return load_folder(Path(__file__).resolve().parents[3] / "webhooks")


@cache
def catalogue() -> Catalogue:
    made = Catalogue()
    for name, source in sources().items():
        made[name] = Endpoint(name, source, source.verifier.keys([SIGNERS[name].secret]), SETTINGS)
    return made


class Broken(io.BytesIO):
    """A sender that hangs up in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the connection was reset")


def request(draw: Draw) -> tuple[str, dict[str, Any], bytes, bool]:
    """(source, environ, the body sent, whether an honest sender could have sent it so)."""
    name = draw.pick(sorted(SIGNERS))
    signed, untouched = draw.byte() % 4 != 3, draw.byte() % 2 == 0
    edits = [] if untouched else [(draw.pick(_HEADERS), _value(draw)) for _ in range(draw.below(5))]
    method = "POST" if untouched else draw.pick(("POST", "POST", "POST", "GET", "HEAD", "post", ""))
    path = name if untouched else draw.pick((name, name, name, "nobody", "", "../" + name, name + "/", draw.text(20)))
    broken = not untouched and draw.one_in(8)
    late = 0 if untouched else draw.pick((0, 0, 0, 299, 300, 301, -300, -301, 10**9))
    body = draw.pick(_BODIES) if draw.byte() % 2 else draw.rest()
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": PREFIX + path, "CONTENT_LENGTH": str(len(body))}
    environ |= {"CONTENT_TYPE": "application/json", "HTTP_X_SHOPIFY_SHOP_DOMAIN": SETTINGS["shop_domain"]}
    if signed:
        made = SIGNERS[name].headers(body, NOW - late)
        environ |= {"HTTP_" + header.upper().replace("-", "_"): value for header, value in made.items()}
    for header, value in edits:
        if header == "CONTENT_LENGTH" and value == "delete":
            environ.pop(header, None)
        else:
            environ[header] = environ.get(header, "") + value[1:] if value.startswith("+") else value
    environ["wsgi.input"] = Broken() if broken else io.BytesIO(body)
    return name, environ, body, signed and untouched and len(body) <= MAX_BODY_BYTES


def _value(draw: Draw) -> str:
    kind = draw.below(4)
    if kind == 0:
        return str(draw.pick(_TEXTS))
    if kind == 1:
        return "+" + draw.pick((",", ", x", " v1,x", "=", "\x00", " "))  # behind what stands there
    return "delete" if kind == 2 else draw.take(60).decode("latin-1")


def check(data: bytes) -> None:
    name, environ, body, honest = request(Draw(data))
    inbox, answers = Inbox(), list[tuple[str, list[tuple[str, str]]]]()

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        answers.append((status, headers))

    door = WebhookFrontDoor(_behind, catalogue(), inbox, lambda: _MOMENT, max_body_bytes=MAX_BODY_BYTES)
    said = b"".join(door(environ, start_response))
    expect(len(answers) == 1, "not one answer")
    status, headers = answers[0]
    _expect_sober(status, headers, said)
    outcomes = [outcome for _, outcome in door.counters.snapshot()]
    expect("failed" not in outcomes, "the door failed inside")
    expect(not honest or status == "200 OK" or _contradicted(outcomes), f"an honest delivery got {status}: {outcomes}")
    if inbox.kept:
        expect(status == "200 OK", "kept and not acknowledged")
        _expect_deserved(inbox.kept, name, environ, body)
    elif status == "200 OK":
        expect(name == "woocommerce" and _PING.fullmatch(body), "acknowledged and not kept")


def _behind(environ: Any, start_response: Any) -> Iterable[bytes]:
    raise Violation("a webhook was passed on to the application behind")


_MOMENT = datetime.fromtimestamp(NOW, UTC)


def _contradicted(outcomes: list[str]) -> bool:
    """A signed body that cannot be what its topic says is refused: the one no that an honest signature may get."""
    return outcomes == ["topic_contradicted"]


def _expect_sober(status: str, headers: list[tuple[str, str]], said: bytes) -> None:
    expect(status[:3] in STATUSES, f"the status {status}")
    expect(dict(headers)["Content-Length"] == str(len(said)), "another length than it says")
    line = re.compile(r"[\x20-\x7e]*")
    expect(all(line.fullmatch(name + value) for name, value in headers), "a header that is no header")
    expect((status == "200 OK") == (said == b""), "a 200 that says something, or a refusal that says nothing")


def _expect_deserved(kept: list[Delivery], name: str, environ: dict[str, Any], body: bytes) -> None:
    """What is kept was posted, is signed over exactly its bytes, in time, and names the bound shop."""
    headers: dict[str, list[str]] = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers.setdefault(key[5:].lower().replace("_", "-"), []).append(value)
    expect(environ["REQUEST_METHOD"] == "POST", f"kept though {environ['REQUEST_METHOD']!r} was asked")
    expect(len(kept) == 1 and kept[0].connection == name, "kept for another connection")
    expect(SIGNERS[name].valid(headers, kept[0].body, NOW), "kept without a valid signature")
    expect(kept[0].body == body[: len(kept[0].body)], "other bytes were kept than were sent")
    expect(len(kept[0].body) <= MAX_BODY_BYTES, "kept beyond the cap")
    expect(environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() in ("", "identity"), "kept though encoded")
    if name == "shopify":
        expect(headers["x-shopify-shop-domain"] == [SETTINGS["shop_domain"]], "kept for another shop")
    for told in (kept[0].topic, kept[0].delivery_id):
        expect(re.fullmatch(r"[\x21-\x7e]{0,300}", told), f"the name {told!r}")
    shown = {key.lower() for key, _ in kept[0].headers}
    expect(not shown & {"authorization", "cookie", "proxy-authorization"}, "a credential was kept")


def seeds() -> list[bytes]:
    """Honest deliveries of every source with every body, and walks through the broken ones."""
    made = [bytes([name, 0, 0, 1, body]) for name in range(len(SIGNERS)) for body in range(len(_BODIES))]
    made += [bytes([name, 0, 0, 0]) + body for name in range(len(SIGNERS)) for body in _BODIES[-4:]]
    return made + [bytes((step * (turn + 3) + turn) % 256 for step in range(50)) for turn in range(40)]


logging.getLogger("hub.webhook.receiver").setLevel(logging.CRITICAL)
TARGET = Target(
    "door",
    "the front door, with every shipped source",
    check,
    (),
    seeds,
    tuple(t.encode("latin-1", "replace") for t in _TEXTS[:-2] if t),
    3000,
)
