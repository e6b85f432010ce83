"""Redaction with canaries: whatever stands around a card's number or a secret, however it is spelled, it is gone."""

from __future__ import annotations

import base64
import gzip
import json
import re
from urllib.parse import quote

from hub.wire import redact
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.hostile import CARD, SECRET, expect_no_card
from tests.hostile.fuzz.target import Target, expect

TOKENS = ("sk_" + "live_" + "a1" * 12, "shp" + "at_" + "0f" * 16, "wh" + "sec_" + "Zm9v" * 8, "ck_" + "ab" * 20)
MAIL = "zebedee.quillfeather@canary.example"
_SEPARATORS = ("", " ", "-", ".", "\u00a0")
_AROUND = (
    "", " ", "\n", "12 ", " 12/30", " 123", "1 ", "card: ", '"', "'", "=", "&", "?q=", "%20", "<", "\\", "x" * 30,
    " " * 4090, "x " * 2040, "\u202e", "\x1b[2J", "0000 0000 ", " 4111", "é", "token=", "password: ", "://", "@",
    "a-" * 2030,
)  # fmt: skip


def check(data: bytes) -> None:
    draw = Draw(data)
    kind = draw.below(4)
    before, after = _beside(draw), _beside(draw)
    canary = (_card, _secret, _token, _mail)[kind](draw)
    if canary[:1].isalnum() and before[-1:].isalnum():
        before += " "  # joined to something else it would be another word, or another number
    if canary[-1:].isalnum() and after[:1].isalnum():
        after = " " + after
    shown = redact.text(before + canary + after, [SECRET])
    _expect_gone(kind, canary, shown)
    expect(not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", shown), "a control character is shown")
    expect(len(shown) <= 6 * 4096, "a text without end")
    for name in ("note", "message"):
        body = json.dumps({name: before + canary + after, "list": [{before + canary: 1}]}).encode()
        _expect_gone(kind, canary, json.dumps(redact.body(body, (), [SECRET]), ensure_ascii=False))
    shown_headers = redact.headers({"Authorization": canary, "X-Odd": canary, "Location": canary}, [SECRET])
    expect(set(shown_headers.values()) == {redact.HIDDEN}, "a header nobody named is shown")


def _beside(draw: Draw) -> str:
    return draw.pick(_AROUND) + draw.text(30) + draw.pick(_AROUND)


def _card(draw: Draw) -> str:
    separator = draw.pick(_SEPARATORS)
    grouped = separator.join(CARD[at : at + 4] for at in range(0, 16, 4))
    return draw.pick((grouped, grouped, quote(grouped), base64.b64encode(f"was {grouped}.".encode()).decode()))


def _secret(draw: Draw) -> str:
    return draw.pick((SECRET, quote(SECRET, safe=""), *_encodings(SECRET), *_encodings(f"user:{SECRET}")))


def _token(draw: Draw) -> str:
    token = draw.pick(TOKENS)
    return draw.pick((token, quote(token), *_encodings(f"is {token}!")))


def _mail(draw: Draw) -> str:
    return draw.pick((MAIL, MAIL.upper(), quote(MAIL)))


def _encodings(text: str) -> tuple[str, ...]:
    raw = text.encode()
    packed = base64.b64encode(gzip.compress(raw, mtime=0)).decode()
    return base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("="), packed


def _expect_gone(kind: int, canary: str, shown: str) -> None:
    if kind == 0:
        expect_no_card(shown, "the text")
    long_part = canary[: max(8, len(canary) // 2)]
    if kind == 3:
        expect(MAIL.lower() not in shown.lower() and "quillfeather" not in shown.lower(), "a mail address is shown")
    else:
        expect(long_part not in shown, f"{long_part!r} of the canary is shown")
    expect(kind != 1 or SECRET[:7] not in shown, "the beginning of the secret is shown")


def seeds() -> list[bytes]:
    plain = [
        bytes([kind, around, 0, 0, around, 0, 0, form, form])
        for kind in range(4)
        for around in range(len(_AROUND))
        for form in range(5)
    ]
    return plain + [bytes((step * (turn + 3) + turn) % 256 for step in range(60)) for turn in range(24)]


TARGET = Target(
    "redaction", "redaction with planted canaries", check, (), seeds, tuple(a.encode() for a in _AROUND[3:20]), 256
)
