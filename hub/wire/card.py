"""Card numbers in what arrives: truncated before anything is stored, with the number of bytes unchanged.

Nobody means to send one, but a shopper may write it into an order's note and an extension into an order's meta data.
The first six and the last four digits stay. An id that merely looks like a card must stay whole, or an order could not
be found again, so what counts as a card depends on where it stands:

- in a text: 14 to 19 digits of a brand's range and length with a right check digit, written in one run or in groups
  as they are printed, with no letter, digit, slash or underscore touching it;
- in a field that is named for a card's number (`card_number`, `pan`): 13 to 19 digits with a right check digit, in a
  text or as a bare number;
- in a field that is named for an id, a tracking number, a bar code, a reference, a token or an address: nothing. In
  one for a telephone from 16 digits on, which no telephone has;
- a bare number elsewhere: nothing. Shopify's ids have 13 to 19 digits, and one in ten has a right check digit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_BRAND = re.compile(
    rb"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    rb"|35[0-9]{14}|6[0-9]{15,18}|5[06-8][0-9]{12,17}"
)
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_SHORTEST, _LONGEST, _PRINTED_GROUP, _LONGEST_TELEPHONE = 13, 19, 4, 15

# Digits and what may stand between two of them, as JSON's bytes have them: themselves, in UTF-8, or escaped.
_DIGIT = rb"(?:[0-9]|\\u003[0-9])"
_BETWEEN = rb"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x87\xaf]|\\u00[aA]0|\\u2007|\\u202[fF])"
_RUN = re.compile(rb"%b(?:%b?%b){12,59}" % (_DIGIT, _BETWEEN, _DIGIT))
_GROUP = re.compile(rb"(%b+)|%b" % (_DIGIT, _BETWEEN))
_ONE = re.compile(rb"(%b)|%b" % (_DIGIT, _BETWEEN))
_ESCAPED = re.compile(rb"\\u003(?=[0-9])")
_TOUCHED_BEFORE = re.compile(rb"(?<!\\)[A-Za-z0-9_/#-]\Z|\\\\[A-Za-z]\Z")  # `\n` is a line's end, not a letter
_TOUCHED_AFTER = re.compile(rb"[A-Za-z0-9_/]")

# A JSON text as far as names and values matter. Strings first, so that what is inside them is passed over.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]|-?[0-9][0-9.eE+\-]*', re.DOTALL)
_NAMES = re.compile(rb"\s*:")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_IDS = frozenset(
    """id ids gid uid uuid guid token key sku gtin ean upc isbn barcode tracking reference ref serial imei timestamp
    url uri href src link path site""".split()
)
_TELEPHONES = frozenset("phone telephone mobile fax".split())
_CARD = re.compile(r"(?:card|cc)(?:number|no|num|pan)\Z|\A(?:\w*card)?pan\Z")


def truncated(body: bytes) -> bytes:
    """`body` with its card numbers truncated; the same object where there is none, which nearly every body is.

    What is no JSON is read as one text.
    """
    if not _suspicious(body):
        return body
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return _in_text(body, "text")
    parts, done = [], 0
    for start, end, kind in _values(body):
        cut = _in_text(body[start:end], kind)
        if cut != body[start:end]:
            parts += [body[done:start], cut]
            done = end
    return b"".join([*parts, body[done:]]) if parts else body


def is_card(digits: bytes) -> bool:
    """Whether 14 to 19 digits are of a brand's range and length and have a right check digit."""
    return _BRAND.fullmatch(digits) is not None and _checks(digits)


def groups_of_card(groups: Sequence[bytes]) -> tuple[int, int] | None:
    """Which of some groups of digits are a card's, as a slice: one group, or several as cards print them."""
    for first, group in enumerate(groups):
        if is_card(group):
            return first, first + 1
        digits, last = group, first + 1
        while len(group) == _PRINTED_GROUP and last < len(groups) and len(digits) < _LONGEST:
            digits, last = digits + groups[last], last + 1
            if is_card(digits):
                return first, last
    return None


def _checks(digits: bytes) -> bool:
    plain, doubled = digits[::-1][::2], digits[::-1][1::2].translate(_DOUBLED)
    return (sum(plain) + sum(doubled) - 48 * len(digits)) % 10 == 0


def _groups(run: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, digits) of each group of a run."""
    return [(m.start(), m.end(), _ESCAPED.sub(b"", m[1])) for m in _GROUP.finditer(run) if m[1]]


# --- a quick look, at every delivery: most bodies hold ids as long as a card's number, and next to none a card

_SHAPE = bytes(48 if 48 <= byte <= 57 else 45 if byte in b" .-" else 10 for byte in range(256))
_ZEROS = re.compile(rb"0+")
_NAMED = tuple(  # each begins with plain bytes, which are looked for much sooner than one of several
    re.compile(
        name + rb'[a-z_\-]{0,12}"\s*:\s*(?:\{[^{}]{0,200}?"number"\s*:\s*)?(?:"[^"0-9]{0,24})?'
        rb"[0-9](?:[ .\-]?[0-9]){12}"
    )
    for name in (b"card", b"cc", b"pan")
)
_SURELY_BARE = re.compile(rb'[^\\]"\s*:\s*\Z')  # inside a text the quote would be escaped
_SPECIAL = (b"\xc2\xa0", b"\xe2\x80\x87", b"\xe2\x80\xaf")
_ESCAPES = re.compile(rb"\\u(?:00[aA]0|2007|202[fF]|003[0-9])")


def _suspicious(body: bytes) -> bool:
    """Whether anything in it may be a card's number; looked for by plain comparisons, which is what is quick."""
    special = _special(body)
    if not special and _SHORT not in body.translate(_SHAPE, b" .-"):
        return False  # nowhere are there so many digits in a row
    lower = body.lower()
    if any(named.search(lower) for named in _NAMED):
        return True
    if special:
        return any(groups_of_card([group[2] for group in _groups(match[0])]) for match in _RUN.finditer(body))
    shape = body.translate(_SHAPE)
    if b"0000-0000" in shape:
        return any(groups_of_card([group[2] for group in _groups(match[0])]) for match in _RUN.finditer(body))
    start = shape.find(_LONG)
    while start >= 0:
        found = _ZEROS.match(shape, start)
        end = found.end() if found else start + 1
        if is_card(body[start:end]) and not _is_id(body, start, end):
            return True
        start = shape.find(_LONG, end)
    return False


def _special(body: bytes) -> bool:
    """Whether a digit, or what may stand between two, is written otherwise than most write it."""
    if not body.isascii() and any(special in body for special in _SPECIAL):
        return True
    return _ESCAPES.search(body) is not None


_SHORT, _LONG = b"0" * _SHORTEST, b"0" * (_SHORTEST + 1)


def _is_id(body: bytes, start: int, end: int) -> bool:
    """What a letter or a slash touches, and what surely is a bare number."""
    return _touched(body, start, end) or _SURELY_BARE.search(body[max(0, start - 12) : start]) is not None


def _touched(text: bytes, start: int, end: int) -> bool:
    before = _TOUCHED_BEFORE.search(text[max(0, start - 3) : start])
    return before is not None or _TOUCHED_AFTER.match(text, end) is not None


def _values(body: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, how it is judged) of every value that may hold a card, by the name that it stands under."""
    names: list[str] = [""]
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first in b"{[":
            names.append(names[-1])
        elif first in b"}]":
            if len(names) > 1:
                names.pop()
        elif first == b'"' and _NAMES.match(body, token.end()):
            names[-1] = token[0][1:-1].decode("utf-8", "replace")
        elif first != b",":
            kind = _kind(names[-1], names[-2] if len(names) > 1 else "")
            if kind == "card" or (first == b'"' and kind != "id"):
                yield token.start(), token.end(), kind if first == b'"' else "number"


@lru_cache(maxsize=2048)
def _kind(name: str, within: str) -> str:
    """How a value is judged by its field's name; one that only says `number` is the number of what it stands in."""
    words = [word.lower() for word in _WORD.findall(f"{within} {name}" if name in ("number", "value") else name)]
    if _CARD.search("".join(words)) and "gift" not in words:
        return "card"
    if _IDS.intersection(words):
        return "id"
    return "telephone" if _TELEPHONES.intersection(words) else "text"


def _in_text(text: bytes, kind: str) -> bytes:
    """`number` is a bare one: zeros hide its digits, since it must stay a number."""
    parts, done = [], 0
    for match in _RUN.finditer(text):
        for start, end in _cards(match, text, kind):
            cut = _cut(text[start:end], b"0" if kind == "number" else b"*")
            parts += [text[done:start], cut]
            done = end
    return b"".join([*parts, text[done:]]) if parts else text


def _cards(match: re.Match[bytes], text: bytes, kind: str) -> Iterator[tuple[int, int]]:
    groups = [(match.start() + start, match.start() + end, digits) for start, end, digits in _groups(match[0])]
    whole = b"".join(digits for _, _, digits in groups)
    if kind in ("card", "number"):
        if _SHORTEST <= len(whole) <= _LONGEST and _checks(whole):
            yield match.span()
        return
    while (found := groups_of_card([digits for _, _, digits in groups])) is not None:
        mine = groups[found[0] : found[1]]
        start, end = mine[0][0], mine[-1][1]
        groups = groups[found[1] :]
        length = sum(len(digits) for _, _, digits in mine)
        if not _touched(text, start, end) and not (kind == "telephone" and length <= _LONGEST_TELEPHONE):
            yield start, end


def _cut(run: bytes, sign: bytes) -> bytes:
    """The first six and the last four digits stay; what stands between digits does too."""
    digits = [match for match in _ONE.finditer(run) if match[1]]
    hidden = {digit.start() for digit in digits[6:-4]}

    def one(match: re.Match[bytes]) -> bytes:
        if match.start() not in hidden:
            return match[0]
        return sign if len(match[0]) == 1 else b"\\u%04x" % sign[0]

    return _ONE.sub(one, run)
