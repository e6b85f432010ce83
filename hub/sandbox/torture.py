"""Answers and deliveries that no provider should give and some provider once gave.

A caller may believe none of them. Whether the effect was done stands in the ledger all the same: kinds named `_before`
leave it undone, the others come after it was done. `turn` counts a kind's occurrences, and each kind takes its ways in
turn.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache
from http.client import responses
from typing import Any

import msgspec

from hub.sandbox.call import Answer, encode
from hub.sandbox.settings import Settings

BEFORE = ("html_before", "redirect_before", "retry_after_odd_before")
AFTER = (
    "slow_after", "html_after", "shape_after", "type_after", "huge_after", "redirect_after", "interim_after",
    "interims_after", "twin_headers_after", "header_bomb_after", "not_http_after", "surplus_after", "early_webhook",
)  # fmt: skip
CALLS = tuple((kind, 6 if kind == "early_webhook" else 2) for kind in (*BEFORE, *AFTER))
WEBHOOKS = (("webhook_altered", 3), ("webhook_lie", 3), ("webhook_hour_late", 2))
MAILS = (("smtp_slow_after_data", 1),)

_JSON = (("Content-Type", "application/json"),)
_HTML = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>Sign in to the network</h1></body></html>"
_TEN_YEARS = 10 * 365 * 86_400
_MEBIBYTE = 1024 * 1024
_OVER_THE_CAP = 17 * _MEBIBYTE  # what a caller reads of an answer ends at 16 MiB

Deed = Callable[[Answer, int, Settings], Answer]


def spoil(kind: str, answer: Answer, turn: int, settings: Settings) -> Answer:
    """What the caller sees instead of `answer`."""
    return _DEEDS[kind](answer, turn, settings)


def _slow(answer: Answer, turn: int, settings: Settings) -> Answer:
    """A byte a second: every wait is short, and together they are endless."""
    return replace(answer, ending="drip")


def _page(answer: Answer, turn: int, settings: Settings) -> Answer:
    """A captive portal, or a proxy that means well."""
    return Answer(200, _HTML, (("Content-Type", "text/html; charset=utf-8"),))


def _shape(answer: Answer, turn: int, settings: Settings) -> Answer:
    """JSON, and not what was asked for. An empty list is left out: where a list was asked for, it would be a lie that
    nobody can see through."""
    bodies = (b"{}", b"null", b'"ok"', b"true", b"[" * 5000, b'{"data":null}', b'{"id":[{}],"id":1e999999}', b"")
    return Answer(200, bodies[turn % len(bodies)], _JSON)


def _type(answer: Answer, turn: int, settings: Settings) -> Answer:
    """The right bytes under the wrong name."""
    kinds = ("text/plain", "application/octet-stream", "image/png", "application/json; charset=utf-16", "")
    return replace(answer, headers=(("Content-Type", kinds[turn % len(kinds)]),))


def _huge(answer: Answer, turn: int, settings: Settings) -> Answer:
    """More than anybody should read: announced, in chunks without announcement, or packed."""
    if turn % 3 == 0:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
        return _wire(head + b" " * 65536)
    if turn % 3 == 1:
        return _wire(_endless())
    return Answer(200, _bomb(), (*_JSON, ("Content-Encoding", "gzip")))


@lru_cache(maxsize=1)
def _endless() -> bytes:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunk * (_OVER_THE_CAP // 0x10000)


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    return gzip.compress(b" " * _OVER_THE_CAP, mtime=0)


def _redirect(answer: Answer, turn: int, settings: Settings) -> Answer:
    """To somebody else's house, to a file, to nowhere. Nobody may follow it with what was meant for the provider."""
    places = (*settings.redirects_to, "file:///etc/passwd", "//elsewhere.example/", "gopher://elsewhere.example/_x", "")
    status = (301, 302, 307, 308, 303)[turn % 5]
    return Answer(status, b"", (("Location", places[turn % len(places)]),))


def _retry_after(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Come again: in a second, at a time of day, yesterday, soon, in ten years. Not every caller knows every word."""
    now = settings.clock() if settings.clock else 0.0
    words = (
        "1", formatdate(now + 1, usegmt=True), "-5", "soon", str(_TEN_YEARS), formatdate(now - 86_400, usegmt=True),
        "1e9", "١", "0", formatdate(now + _TEN_YEARS, usegmt=True), "1, 99999", "",
    )  # fmt: skip
    word = words[turn % len(words)]
    headers = (*_JSON, ("Retry-After", word), ("x-retry-after", word))
    return _wire(_text(Answer(429, b'{"error":{"message":"Too many requests."}}', headers)))


def _interim(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Interim answers that nobody asked for, and then the real one."""
    ways = (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    )
    return _wire(ways[turn % len(ways)] + _text(answer))


def _interims(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Interim answers without an end, or another protocol."""
    if turn % 2:
        return _wire(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + _text(answer))
    return _wire(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def _twins(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Headers that are there twice. Two lengths, or a length and chunks, leave open where the answer ends."""
    length = len(answer.body)
    twins: tuple[tuple[tuple[str, str], ...], ...] = (
        (("Content-Length", str(length // 2)),),
        (("Content-Length", str(length + 9)),),
        (("Transfer-Encoding", "chunked"),),
        (("Content-Type", "text/html"), ("Content-Type", "application/json")),
        (("Retry-After", "3"), ("Retry-After", "soon"), ("Set-Cookie", "a=1"), ("Set-Cookie", "a=2")),
    )
    return _wire(_text(replace(answer, headers=(*answer.headers, *twins[turn % len(twins)]))))


def _header_bomb(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Too many, too long, folded, nameless, or without an end."""
    ways = (
        b"".join(b"X-%d: y\r\n" % i for i in range(5000)),
        b"X-Long: " + b"y" * 200_000 + b"\r\n",
        b"X-Folded: a\r\n b\r\n",
        b": nameless\r\n",
        b"X-Endless: " + b"y" * 200_000,
        b"X-Null: \x00\x07\r\n",
    )
    head, _, body = _text(answer).partition(b"\r\n\r\n")
    return _wire(head + b"\r\n" + ways[turn % len(ways)] + b"\r\n" + body)


def _not_http(answer: Answer, turn: int, settings: Settings) -> Answer:
    """Another server behind the same door."""
    ways = (
        b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail.example ESMTP\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"\r\n\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", b"{}\n",
    )  # fmt: skip
    return _wire(ways[turn % len(ways)])


def _surplus(answer: Answer, turn: int, settings: Settings) -> Answer:
    """The answer, and after it one to a question that nobody asked: the next call must not take it for its own."""
    lie = {"id": "not_yours", "status": "succeeded", "object": "payment_intent", "orders": [], "data": {}}
    return _wire(_text(answer) + _text(Answer(200, encode(lie), _JSON)))


def _held(answer: Answer, turn: int, settings: Settings) -> Answer:
    """The provider's own webhooks about it are there first (see `Outbox.hurry`)."""
    return replace(answer, hold=settings.early_seconds)


def _wire(raw: bytes) -> Answer:
    """Bytes as they go on the wire, head and all."""
    return Answer(0, raw, ending="wire")


def _text(answer: Answer) -> bytes:
    """A well-formed answer's bytes."""
    lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines.append(f"Content-Length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + answer.body


_DEEDS: dict[str, Deed] = {
    "slow_after": _slow,
    "html_before": _page,
    "html_after": _page,
    "shape_after": _shape,
    "type_after": _type,
    "huge_after": _huge,
    "redirect_before": _redirect,
    "redirect_after": _redirect,
    "retry_after_odd_before": _retry_after,
    "interim_after": _interim,
    "interims_after": _interims,
    "twin_headers_after": _twins,
    "header_bomb_after": _header_bomb,
    "not_http_after": _not_http,
    "surplus_after": _surplus,
    "early_webhook": _held,
}


# --- deliveries

_COUNTED = frozenset({"amount", "total", "total_price", "quantity", "amount_received", "price"})


def other_bytes(body: bytes) -> bytes:
    """The same facts in other bytes, as a proxy that reads and writes JSON makes them."""
    try:
        document = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return body + b"\n"
    return b"{" + b", ".join(encode(name) + b": " + bytes(raw) for name, raw in document.items()) + b"}\n"


def lie_about(body: bytes) -> bytes:
    """Other facts under the same id: every sum and every count another one, every tracking number somebody else's."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[::-1]
    return encode(_falsified(document))


def _falsified(node: Any, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: value if key == "id" else _falsified(value, str(key)) for key, value in node.items()}
    if isinstance(node, list):
        return [_falsified(each, name) for each in node]
    if name in _COUNTED and isinstance(node, int) and not isinstance(node, bool):
        return node * 3 + 1
    if "tracking" in name and isinstance(node, str):
        return "FALSE" + node[::-1]
    return node
