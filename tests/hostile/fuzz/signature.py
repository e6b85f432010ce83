"""Each signature family, alone: a verdict without a valid signature is never VERIFIED, and nothing is raised."""

from __future__ import annotations

from hub.webhook.headers import Headers
from hub.webhook.verdict import Reason
from tests.hostile.fuzz.door import NOW, sources
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.signing import SIGNERS
from tests.hostile.fuzz.target import Target, expect

_PIECES = (
    ",", "=", " ", "t=", "v1=", "v0=", "v1,", "v1a,", "v2,", ".", "\n", "\x00", "é", "\u0661", "0", "A" * 43 + "=",
    "0" * 64, "+", "-", "whsec_", "hmac-sha256-hex=", str(NOW), ",v1=" + "0" * 64, " v1," + "A" * 43 + "=",
)  # fmt: skip


def check(data: bytes) -> None:
    draw = Draw(data)
    name = draw.pick(sorted(SIGNERS))
    signer = SIGNERS[name]
    late = draw.pick((0, 300, 301, -300, -301, 10**6))
    signed_body = draw.take(60)
    pairs = list(signer.headers(signed_body, NOW - late).items())
    for _ in range(draw.below(4)):
        _edit(pairs, draw)
    body = draw.rest() if draw.byte() % 3 == 2 else signed_body
    verifier = sources()[name].verifier
    keys = verifier.keys(["b2xkZXI=", signer.secret] if draw.one_in(3) else [signer.secret])
    reason = verifier.verify(Headers(pairs), body, keys, NOW)
    given: dict[str, list[str]] = {}
    for header, value in pairs:
        given.setdefault(header.lower(), []).append(value)
    expect(isinstance(reason, Reason) and reason is not Reason.PING, f"the verdict {reason!r}")
    valid = signer.valid(given, body, NOW)
    expect(not reason.verified or valid, "verified without a valid signature")
    expect(reason.verified or not valid or _limited(given), f"a valid signature is refused: {reason}")


def _edit(pairs: list[tuple[str, str]], draw: Draw) -> None:
    at = draw.below(len(pairs))
    header, value = pairs[at]
    act = draw.below(6)
    if act == 0:
        cut = draw.below(len(value) + 1)
        pairs[at] = (header, value[:cut] + draw.pick(_PIECES) + value[cut:])
    elif act == 1:
        cut = draw.below(len(value) + 1)
        pairs[at] = (header, value[:cut] + value[cut + 1 :])
    elif act == 2:
        pairs[at] = (header, value + draw.pick(_PIECES) * (1 + draw.below(40)))
    elif act == 3:
        pairs.append((draw.pick((header, header.upper(), "X-Other")), draw.pick((value, draw.text()))))
    elif act == 4:
        pairs[at] = (header, draw.text(100))
    else:
        pairs[at] = (draw.pick((header.lower(), "X-Other")), value)


def _limited(given: dict[str, list[str]]) -> bool:
    """Refused for a limit of ours: too many signatures, too long a header, an id in other letters."""
    values = [value for values in given.values() for value in values]
    return any(len(value) > 4096 or value.count(",") + value.count(" ") > 14 for value in values) or any(
        not set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:|=+/-")
        or len(value) > 255
        for value in given.get("webhook-id", [])
    )


def seeds() -> list[bytes]:
    bodies = [bytes([name, late, 2]) + b"{}" for name in range(len(SIGNERS)) for late in range(6)]
    return bodies + [bytes((step * (turn + 3) + turn) % 256 for step in range(40)) for turn in range(24)]


TARGET = Target("signature", "each signature family against a second writing of it", check, (), seeds, (), 512)
