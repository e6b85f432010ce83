"""What a template may name. Each class here is one name or the shape of one (`config/templates` has the manual).

Text from shoppers and storefronts arrives here once and is made harmless for one line of plain text: control characters
and direction marks become spaces. Links survive only as http(s). HTML is escaped later, by the template engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from hub.model.money import Money

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\s]+")
_LINK = re.compile(r"https?://[^\x00-\x20\x7f\"'<>\\^`{|}\u2028\u2029]{1,2000}", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
MAX_TEXT = 500  # characters of one field
PLAIN_COLOUR = "#1f5f4a"


def one_line(value: object) -> str | None:
    """A value as one harmless line of at most 500 characters; None where nothing is left."""
    if value is None:
        return None
    text = _UNPRINTABLE.sub(" ", str(value)).strip()
    return text[:MAX_TEXT] or None


def link(value: object) -> str | None:
    """An http(s) address with a host, or None: a link in a customer's mail is never `javascript:` or `data:`."""
    if not isinstance(value, str) or not _LINK.fullmatch(value):
        return None
    try:
        return value if urlsplit(value).hostname else None
    except ValueError:
        return None


def colour(value: object) -> str:
    """`#rrggbb`, or the house colour."""
    return value if isinstance(value, str) and _COLOUR.fullmatch(value) else PLAIN_COLOUR


@dataclass(frozen=True)
class Shop:
    """`shop`: name, email, phone, url, logo_url, address (one line), colour. All but name and colour may be missing."""

    name: str
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    logo_url: str | None = None
    address: str | None = None
    colour: str = PLAIN_COLOUR


@dataclass(frozen=True)
class Buyer:
    """`buyer`: first_name, last_name, name (both, or None)."""

    first_name: str | None
    last_name: str | None
    name: str | None


@dataclass(frozen=True)
class Line:
    """An entry of `lines`: title, sku, quantity, price (of one), amount (of all), image_url.

    In `shipped` and `delivered` the lines of the parcel, in `refunded` those of the refund, else those of the order.
    """

    title: str
    sku: str | None
    quantity: int
    price: Money
    amount: Money
    image_url: str | None


@dataclass(frozen=True)
class Sum:
    """An entry of `order.sums`: kind (a type of the canonical order's totals, but not `total`), label, amount."""

    kind: str
    label: str
    amount: Money


@dataclass(frozen=True)
class Order:
    """`order`: label, url, placed_at, sums, total, presentment_total (where the buyer paid in another currency),
    cod_amount (to be paid at the door), method (shipping, pickup, digital, local_delivery, none), service and
    pickup_point.
    """

    label: str
    url: str | None
    placed_at: datetime
    sums: tuple[Sum, ...]
    total: Money | None
    presentment_total: Money | None
    cod_amount: Money | None
    method: str
    service: str | None
    pickup_point: str | None


@dataclass(frozen=True)
class Parcel:
    """`parcel`, in shipped and delivered: tracking_number, tracking_url, carrier, shipped_at, delivered_at, whole
    (everything of the order is in it), and `remaining`, the number of units that are in no parcel yet, where known.
    """

    tracking_number: str | None
    tracking_url: str | None
    carrier: str | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    whole: bool
    remaining: int


@dataclass(frozen=True)
class Refund:
    """`refund`, in refunded: amount, reason."""

    amount: Money
    reason: str | None


@dataclass(frozen=True)
class Cancellation:
    """`cancellation`, in cancelled: reason, refunded (an amount, or None)."""

    reason: str | None
    refunded: Money | None
