"""What a log, a transcript or an export may show of what passed over the wire: an allow-list, never a block-list.

Bodies lose every value whose field is not named as harmless. What remains, and any free text, is then scrubbed of card
numbers, credentials, mail addresses and control characters: a provider's error message may repeat what we sent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote_plus

from hub.wire.card import is_card

HIDDEN = "[REDACTED]"
OMITTED = "[…]"
_MAX_TEXT = 4096
_MARGIN = 1024  # read beyond that and never shown, so that no credential is cut in two and not known again
MOST = 250  # values of one body: a transcript is for a person to read
_MAX_DEPTH = 12
_SHORTEST_SECRET = 4
_SMALLEST_CARD = 10**13
_LONGEST_CARD = 19  # digits

_HEADERS = """
accept content-type content-length date server retry-after x-retry-after request-id x-request-id idempotent-replayed
x-shopify-api-version x-shopify-topic stripe-version stripe-should-retry etag link user-agent
x-ratelimit-remaining x-ratelimit-limit x-ratelimit-reset x-wp-total x-wp-totalpages
"""
HEADERS = frozenset(_HEADERS.split())

_FIELDS = """
id object status state code type kind reason error errors message messages detail title decline_code param
amount amount_received amount_capturable amount_refunded currency total quantity sku reference reference_id
order_id order_number shipment_id tracking_number carrier service created created_at created_date updated_at
livemode test mode count has_more page total_pages field path locations extensions retryable
"""
FIELDS = frozenset(_FIELDS.split())

# 14 digits or more with at most one separator between two: somewhere among them a card's number may stand.
_PAN = re.compile(r"(?<![0-9])[0-9](?:[ \-\u00a0\u2007\u202f.]?[0-9]){13,}")
_DIGITS = re.compile(r"[0-9]+")
_CVV = re.compile(r"\b(cvv2?|cvc2?|cid|security code)\b(\W{0,3})[0-9]{3,4}\b", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b(?:proxy-)?authorization\b\s*[:=]\s*[^\r\n]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]{1,256}(?=@)")
_NAMED = re.compile(
    r"(?i)\b([a-z0-9_.-]{0,40}(?:api[_-]?key|access[_-]?token|refresh[_-]?token|client[_-]?secret|password|passwd|secret|signature"
    r"|token)[\"']?\s*[:=]\s*[\"']?)([^\s\"'&,;}]+)"
)
_KNOWN_TOKEN = re.compile(
    r"\b(?:[sprw]k_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=_-]{8,}|shp(?:at|ss|ca|pa)_[A-Za-z0-9]{8,}|EZ[AT]K[A-Za-z0-9]{20,}"
    r"|c[ks]_[0-9a-f]{40}|xox[abp]-[A-Za-z0-9-]{10,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
)
_MAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9])[A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+")
_PACKED = re.compile("H4sI")  # how gzip begins in base64
_READABLE = re.compile(rb"[\x20-\x7e]{8}")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
# Only a text in which this is found can hold anything of the above: most texts are passed by one quick look.
_SUSPECT = re.compile(
    r"[@%]|[0-9](?:[ \-\u00a0\u2007\u202f.]?[0-9]){13}|[A-Za-z\"']\s*[:=]|[A-Za-z0-9+/_-]{20}"
    r"|(?i:bearer|basic|cv[vc]|cid|security)|[sprw]k_|whsec_|shp|EZ[AT]K|c[ks]_|xox|gh[a-z]_|AKIA|eyJ"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def text(value: str, secrets: Collection[str] = ()) -> str:
    """`value` fit for a log: card numbers keep four digits, credentials nothing, mail addresses two letters."""
    needles = _needles(secrets)
    margin = max(_MARGIN, *map(len, needles)) if needles else _MARGIN
    shown = value[: _MAX_TEXT + margin]
    for needle in needles:
        shown = shown.replace(needle, HIDDEN)
    if _SUSPECT.search(shown):
        shown = _careful(shown, needles)
    if len(value) > _MAX_TEXT + margin:
        shown = shown[:-margin] or OMITTED  # what the cut has left of a credential is in there
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", shown[:_MAX_TEXT])


def _careful(value: str, needles: list[str]) -> str:
    """`needles` are gone from the text itself, and may be in what it encodes."""
    shown = _decoded(_scrub(value, []), needles)
    if "%" in shown:
        plain = unquote_plus(shown)
        scrubbed = _scrub(plain, needles)
        if scrubbed != plain:
            shown = _decoded(scrubbed, needles)
    return shown


def headers(items: Mapping[str, str] | Iterable[tuple[str, str]], secrets: Collection[str] = ()) -> dict[str, str]:
    """Every header's name, and the values of harmless ones."""
    pairs = items.items() if isinstance(items, Mapping) else items
    known = frozenset(secrets)
    return {name: _header(value, known) if name.lower() in HEADERS else HIDDEN for name, value in pairs}


@lru_cache(maxsize=1024)
def _header(value: str, secrets: frozenset[str]) -> str:
    """Most of a provider's headers are the same in every answer."""
    return text(value, secrets)


def url(value: str, secrets: Collection[str] = ()) -> str:
    """Scheme, host and path; of the query only the names."""
    address, _, query = value.partition("?")
    names = "&".join(f"{part.partition('=')[0]}={HIDDEN}" for part in query.split("&") if part)
    return text(address, secrets) + (f"?{text(names)}" if names else "")


def body(raw: bytes, allow: Collection[str] = (), secrets: Collection[str] = ()) -> Any:
    """The JSON of `raw` with only harmless fields' values (`FIELDS` and `allow`); for anything else its size alone."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return f"[{len(raw)} bytes, not JSON]"
    return fields(value, allow, secrets)


def fields(value: Any, allow: Collection[str] = (), secrets: Collection[str] = (), most: int = MOST) -> Any:
    """Decoded JSON with the values of unnamed fields hidden, up to `most` values.

    The shape stays, so that a person sees what was there.
    """
    return _Shower(FIELDS.union(allow), secrets, most).show(value, shown=False, depth=0)


class _Shower:
    """Shows one body, up to a number of values."""

    def __init__(self, allow: frozenset[str], secrets: Collection[str], most: int) -> None:
        self._allow, self._secrets, self._left = allow, frozenset(secrets), most

    def show(self, value: Any, shown: bool, depth: int) -> Any:
        self._left -= 1
        if isinstance(value, dict):
            if depth > _MAX_DEPTH or self._left < 0:
                return OMITTED
            return {
                _key(str(key), self._secrets): self.show(item, str(key).lower() in self._allow, depth + 1)
                for key, item in value.items()
                if self._left > 0
            }
        if isinstance(value, list):
            if depth > _MAX_DEPTH or self._left < 0:
                return OMITTED
            return [self.show(item, shown, depth + 1) for item in value if self._left > 0]
        if value is None or isinstance(value, bool):
            return value
        if not shown:
            return HIDDEN
        return text(value, self._secrets) if isinstance(value, str) else _number(value)


@lru_cache(maxsize=4096)
def _key(name: str, secrets: frozenset[str]) -> str:
    """A field's name. A provider, or a shopper, may choose it: it is a text like any other."""
    return text(name, secrets)


def _number(value: Any) -> Any:
    """An integer stays one unless it reads as a card's number; a decimal is shown as its digits."""
    if isinstance(value, int) and abs(value) < _SMALLEST_CARD:
        return value
    scrubbed = _scrub(str(value), [])
    return value if isinstance(value, int) and scrubbed == str(value) else scrubbed


def _needles(secrets: Collection[str]) -> list[str]:
    return [form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)]


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, and as JSON, a URL or base64 would spell it."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return tuple(dict.fromkeys((secret, json.dumps(secret)[1:-1], quote(secret, safe=""), encoded)))


def _scrub(value: str, needles: list[str]) -> str:
    for needle in needles:
        value = value.replace(needle, HIDDEN)
    value = _PAN.sub(_cards, value)  # first, while all of its digits are there
    value = _AUTHORIZATION.sub(HIDDEN, value)
    value = _SCHEME.sub(HIDDEN, value)
    value = _KNOWN_TOKEN.sub(HIDDEN, value)
    value = _NAMED.sub(lambda match: match[1] + HIDDEN, value)
    value = _USERINFO.sub(HIDDEN, value)
    value = _CVV.sub(r"\1\2***", value)
    return _MAIL.sub(r"\1***@\2***", value)


def _cards(match: re.Match[str]) -> str:
    """The run with every card's number in it hidden. One begins and ends where a group of digits does: other numbers,
    a date or a house's, may stand before and behind it."""
    run = match[0]
    groups = list(_DIGITS.finditer(run))
    spans: list[tuple[int, int]] = []
    for first, group in enumerate(groups):
        digits = ""
        for last in groups[first : first + _LONGEST_CARD]:
            digits += last[0]
            if len(digits) > _LONGEST_CARD:
                break
            if is_card(digits.encode()):
                spans.append((group.start(), last.end()))
    shown, at = "", 0
    for start, end in _joined(spans):
        shown += f"{run[at:start]}[PAN ****{re.sub('[^0-9]', '', run[start:end])[-4:]}]"
        at = end
    return shown + run[at:]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans, in the order of their starts, with overlapping ones as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _decoded(value: str, needles: list[str]) -> str:
    """Hides every base64 run that decodes (and unpacks, if it is gzip) to something that would have been scrubbed."""
    return _ENCODED.sub(lambda match: HIDDEN if _hides(match[0], needles) else match[0], value)


def _hides(run: str, needles: list[str]) -> bool:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    # Letters and slashes before it join the run: it may begin at any of four places, and gzip where its mark stands.
    begun = [run, run[1:], run[2:], run[3:], *(run[at.start() :] for at in islice(_PACKED.finditer(run), 4))]
    return any(plain and _scrub(plain, needles) != plain for plain in map(_plain, begun))


def _plain(run: str) -> str:
    """What a base64 run stands for; nothing where that is no text, as with most ids."""
    whole = len(run) - (len(run) % 4 == 1)
    raw = binascii.a2b_base64(run[:whole] + "=" * (-whole % 4))
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = zlib.decompressobj(wbits=31).decompress(raw, _MAX_TEXT)
        except zlib.error:
            return ""
    return raw.decode("utf-8", "replace") if _READABLE.search(raw) else ""
