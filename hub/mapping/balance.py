"""The gate that sums must pass: what an order is made of must come to its total.

Real payloads miss it: edited by hand, caught in the middle of an edit, rounded by another rule. So a mismatch never
drops an order. It is flagged with a message, and the flow holds what moves money or goods until a person has looked,
unless the connection says that its sums are to be trusted.
"""

from __future__ import annotations

from hub.mapping.manifest import Balance
from hub.model.money import major
from hub.model.order import Message, Order

UNBALANCED = "unbalanced"

# Discounts and store credit are negative, so everything simply adds up; items_discount is part of `discount`.
_PARTS = ("subtotal", "discount", "fulfillment", "tax", "fee", "tip", "gift_wrap", "store_credit")


def difference(order: Order) -> int | None:
    """The total less what it is made of, in minor units; None where the source gives no total or no parts.

    Where taxes are included in the prices they are not added again.
    """
    total = order.total("total")
    parts = [order.total(kind) for kind in _PARTS if not (kind == "tax" and order.taxes_included)]
    known = [part for part in parts if part is not None]
    if total is None or not known:
        return None
    return total - sum(known)


def judge(order: Order, allowed: Balance) -> Message | None:
    """The message that flags an order whose sums miss its total by more than its source rounds; else None."""
    missed = difference(order)
    tolerance = allowed.tolerance_minor + allowed.tolerance_minor_per_line * len(order.line_items)
    if missed is None or abs(missed) <= tolerance:
        return None
    total = order.total("total") or 0
    text = (
        f"The total is {major(total, order.currency)} {order.currency}, but lines, discounts, shipping, taxes and fees "
        f"come to {major(total - missed, order.currency)} {order.currency}."
    )
    return Message(severity="warning", code=UNBALANCED, text=text)
