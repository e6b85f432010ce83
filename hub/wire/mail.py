"""What may stand in a mail's headers, and which one address a mail may go to.

Header values come from shoppers and storefronts. A line break in one of them is a second header, a comma in an address
is a second recipient, and an encoded word is either of them in disguise; so all three are refused, never repaired.
"""

from __future__ import annotations

import re

MAX_VALUE = 900  # below the 998 octets of RFC 5322, so that no folding is ever needed
MAX_ADDRESS = 254

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Wider characters that a careless relay cuts down to CR or LF (their low byte is 0x0a or 0x0d).
_CUT_TO_BREAK = re.compile(r"[\u560a\u560d]")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bBqQ]\?")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def value_fault(value: str) -> str | None:
    """What forbids this text as the value of a mail header, or None."""
    if _CONTROL.search(value):
        return "holds a line break or another control character"
    if _ENCODED_WORD.search(value):
        return "holds an encoded word, which a mail reader would decode"
    if _CUT_TO_BREAK.search(value):
        return "holds a character that a relay may cut to a line break"
    if len(value) > MAX_VALUE:
        return f"is longer than {MAX_VALUE} characters"
    return None


def address_fault(address: str) -> str | None:
    """What forbids this as the one plain `local@domain` that a mail goes to (or comes from), or None.

    Quoted local parts, comments, display names, lists and address literals are all refused: no shopper has one.
    """
    fault = value_fault(address)
    if fault:
        return fault
    local, at, domain = address.rpartition("@")
    if not at or len(address) > MAX_ADDRESS:
        return "is not one mail address"
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        return "is not one plain mail address: what stands before the @ is not allowed"
    if not all(_LABEL.fullmatch(label) for label in ascii_domain(domain).split(".")):
        return "is not one plain mail address: what stands after the @ is not a host name"
    return None


def ascii_domain(domain: str) -> str:
    """The domain as it goes on the wire (`bücher.example` is `xn--bcher-kva.example`), or unchanged."""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
