"""The kinds of orders there are: how they are paid, what they hold, what happens to them, and how they should end."""

from __future__ import annotations

from dataclasses import dataclass

COMPLETED, HELD, WAITING, CANCELLED, UNTOUCHED = "completed", "held", "waiting", "cancelled", "untouched"
EITHER = "completed|held"


@dataclass(frozen=True)
class Story:
    """One kind of order. `goods` are SKU prefixes to draw lines from; `then` is what happens after it was placed."""

    name: str
    expect: str
    pays: str
    goods: tuple[str, ...] = ("WH-",)
    weight: int = 1
    then: str = ""
    parcels: int = 1
    test: bool = False
    flaw: str = ""  # broken, no_country
    pickup: bool = False
    presentment: str = ""
    currency: str = ""


# How buyers pay, in each dialect: (gateway, title).
SHOPIFY_MEANS = {
    "captured": ("shopify_payments", "Shopify Payments"),
    "authorized": ("shopify_payments", "Shopify Payments"),
    "stripe": ("Card (external)", "Card (external)"),
    "zero": ("", ""),
    "cod": ("Cash on Delivery (COD)", "Cash on Delivery (COD)"),
    "bank": ("Bank Deposit", "Bank Deposit"),
    "unknown": ("Meadow Points", "Meadow Points"),
}
WOO_MEANS = {
    "prepaid": ("stripe", "Credit / Debit Card"),
    "stripe": ("stripe", "Credit / Debit Card"),
    "zero": ("", ""),
    "cod": ("cod", "Cash on delivery"),
    "bank": ("bacs", "Direct bank transfer"),
    "unknown": ("meadow_points", "Meadow Points"),
}

_BOTH = (
    Story("authorised at Stripe", COMPLETED, "stripe", weight=4),
    Story("authorised at Stripe, shipped by the merchant", COMPLETED, "stripe", ("SELF-",), weight=2),
    Story("paid nothing", COMPLETED, "zero"),
    Story("cash on delivery", COMPLETED, "cod"),
    Story("transfer that arrives", COMPLETED, "bank", then="pay"),
    Story("transfer that never comes", WAITING, "bank"),
    Story("address edited, then paid", COMPLETED, "bank", then="edit_then_pay"),
    Story("quantity removed, then paid", COMPLETED, "bank", then="remove_then_pay"),
    Story("two places", COMPLETED, "stripe", ("WH-", "SELF-"), weight=2),
    Story("authorised at Stripe, shipped in three parcels", COMPLETED, "stripe", parcels=3),
    Story("unknown payment method", HELD, "unknown"),
    Story("address without a country", HELD, "stripe", flaw="no_country"),
)
SHOPIFY = (
    *_BOTH,
    Story("captured at Shopify", COMPLETED, "captured", weight=4),
    Story("captured at Shopify, shipped by the merchant", COMPLETED, "captured", ("SELF-",), weight=2),
    Story("authorised at Shopify", COMPLETED, "authorized", weight=4),
    Story("authorised at Shopify in the buyer's currency", COMPLETED, "authorized", presentment="CAD"),
    Story("captured in the buyer's currency", COMPLETED, "captured", presentment="JPY"),
    Story("shipped in two parcels", COMPLETED, "captured", parcels=2),
    Story("digital", COMPLETED, "captured", ("DIG-",)),
    Story("digital and goods", COMPLETED, "captured", ("WH-", "DIG-")),
    Story("pickup", COMPLETED, "captured", pickup=True),
    Story("partly refunded after it left", COMPLETED, "captured", then="refund_part"),
    Story("refunded after it left", COMPLETED, "authorized", then="refund_all"),
    Story("cancelled before dispatch", CANCELLED, "captured", then="cancel"),
    Story("address edited after the warehouse had it", EITHER, "captured", then="edit_late"),
    Story("test order", UNTOUCHED, "captured", test=True),
)
WOO = (
    *_BOTH,
    Story("paid by card", COMPLETED, "prepaid", weight=4),
    Story("paid by card, shipped by the merchant", COMPLETED, "prepaid", ("SELF-",), weight=2),
    Story("authorised at Stripe in yen", COMPLETED, "stripe", currency="JPY"),
    Story("paid by card, shipped in two parcels", COMPLETED, "prepaid", parcels=2),
    Story("digital", COMPLETED, "prepaid", ("DIG-",)),
    Story("digital, authorised at Stripe", COMPLETED, "stripe", ("DIG-",)),
    Story("pickup", COMPLETED, "prepaid", pickup=True),
    Story("partly refunded after it left", COMPLETED, "prepaid", then="refund_part"),
    Story("cancelled before dispatch", CANCELLED, "prepaid", then="cancel"),
    Story("cancelled after the label was bought", CANCELLED, "prepaid", ("SELF-",), then="cancel"),
    Story("payload no mapping can read", HELD, "prepaid", flaw="broken"),
)
