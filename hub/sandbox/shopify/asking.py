"""What every mutation asks first, and how it says no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.model.money import MoneyError, minor
from hub.sandbox.books import Sent, StoreOrder, Transaction
from hub.sandbox.shopify.book import Shop
from hub.sandbox.shopify.queries import Asked
from hub.sandbox.shopify.shaping import bare

Deed = Callable[[Asked, dict[str, Any]], dict[str, Any]]


class Wrong(Exception):
    """A user error: nothing was done."""

    def __init__(self, what: str, *field: str, code: str | None = None) -> None:
        super().__init__(what)
        self.field, self.code = list(field), code


def order_of(shop: Shop, identity: Any) -> StoreOrder:
    found = shop.by_id(bare(identity))
    if found is None:
        raise Wrong("Order does not exist", "id")
    return found


def transaction_of(order: StoreOrder, identity: Any) -> Transaction:
    found = next((each for each in order.transactions if each.id == bare(identity)), None)
    if found is None:
        raise Wrong("Transaction does not exist", "parentTransactionId")
    return found


def sent_of(shop: Shop, identity: Any) -> tuple[StoreOrder, Sent]:
    for order in shop.orders.values():
        for sent in order.sent:
            if sent.id == bare(identity):
                return order, sent
    raise Wrong("Fulfillment does not exist.", "id")


def amount_of(text: Any, currency: str) -> int:
    try:
        return minor(str(text), currency)
    except MoneyError as error:
        raise Wrong(f"Amount {text!r} is not an amount", "amount") from error
