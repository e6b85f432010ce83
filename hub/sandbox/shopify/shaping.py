"""Small words for large tables: fields, ids and money as Shopify writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

from hub.model.money import exponent, major
from hub.sandbox.books import Address, Line, StoreOrder
from hub.sandbox.shopify.schema import Def, Page

One = Callable[[Any], Any]


def leaf(resolve: One) -> Def:
    return Def(lambda source, _: resolve(source))


def one(kind: str, resolve: One) -> Def:
    return Def(lambda source, _: resolve(source), "one", kind)


def many(kind: str, resolve: One, *arguments: str) -> Def:
    """A plain list; a `first` among its arguments is honoured."""

    def cut(source: Any, given: dict[str, Any]) -> Any:
        found = resolve(source)
        return found[: given["first"]] if given.get("first") is not None else found

    return Def(cut, "many", kind, frozenset(arguments))


def pages(kind: str, resolve: One) -> Def:
    return Def(lambda source, _: resolve(source), "pages", kind)


def asked(
    shape: str, kind: str, resolve: Callable[[Any, dict[str, Any]], Sequence[Any] | Page | Any], needs: str = "",
    takes: str = "",
) -> Def:  # fmt: skip
    """A field with arguments: `needs` are required, `takes` optional (names parted by spaces)."""
    return Def(resolve, shape, kind, frozenset(takes.split()), frozenset(needs.split()))


def keys(names: str) -> dict[str, Def]:
    """Leaves that are members of a mapping."""
    return {name: leaf(lambda source, name=name: source[name]) for name in names.split()}  # type: ignore[misc]


def constant(value: Any, names: str) -> dict[str, Def]:
    """Leaves that are always the same here."""
    return {name: leaf(lambda _: value) for name in names.split()}


def gid(kind: str, identity: object) -> str:
    return f"gid://shopify/{kind}/{identity}"


def bare(identity: Any) -> str:
    """The number at the end of a global id, or the text itself."""
    return str(identity or "").rpartition("/")[2].partition("?")[0]


def decimal(amount: int, currency: str) -> str:
    """Shopify's GraphQL writes at least one decimal and no superfluous ones: 12.5, 100.0, 0.07."""
    text = str(Decimal(amount).scaleb(-exponent(currency)))
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}"


def money(amount: int, currency: str) -> dict[str, str]:
    return {"amount": decimal(amount, currency), "currencyCode": currency}


def bag(order: StoreOrder, shop: int, presented: int | None = None) -> dict[str, Any]:
    """A MoneyBag: the amount in the shop's currency and in the buyer's."""
    shown = order.presented(shop) if presented is None else presented
    return {"shopMoney": money(shop, order.currency), "presentmentMoney": money(shown, order.pays_in)}


def paid_bag(order: StoreOrder, presented: int) -> dict[str, Any]:
    """A MoneyBag from an amount in the buyer's currency."""
    shop = presented
    if order.presentment:
        places = exponent(order.currency) - exponent(order.presentment)
        shop = int((Decimal(presented) / order.rate).scaleb(places).quantize(Decimal(1)))
    return bag(order, shop, presented)


def rest_set(order: StoreOrder, shop: int, presented: int | None = None) -> dict[str, Any]:
    """The same in the webhooks' shape."""
    shown = order.presented(shop) if presented is None else presented
    return {
        "shop_money": {"amount": major(shop, order.currency), "currency_code": order.currency},
        "presentment_money": {"amount": major(shown, order.pays_in), "currency_code": order.pays_in},
    }


def financial(order: StoreOrder) -> str:
    """AUTHORIZED, PAID, PENDING, PARTIALLY_REFUNDED, REFUNDED or VOIDED, from the order's transactions."""
    if order.refunds and order.refunded >= order.received:
        return "REFUNDED"
    if order.refunds and order.refunded:
        return "PARTIALLY_REFUNDED"
    kinds = {(each.kind, each.status) for each in order.transactions}
    if order.means.kind == "zero" or kinds & {("capture", "success"), ("sale", "success")}:
        return "PAID"
    if ("void", "success") in kinds or order.cancelled_at:
        return "VOIDED"
    return "AUTHORIZED" if ("authorization", "success") in kinds else "PENDING"


def fulfilled(order: StoreOrder) -> str:
    """UNFULFILLED, PARTIALLY_FULFILLED or FULFILLED."""
    if not any(line.sent for line in order.lines):
        return "UNFULFILLED"
    return "FULFILLED" if not any(line.left for line in order.lines) else "PARTIALLY_FULFILLED"


def kept(order: StoreOrder, line: Line) -> int:
    """A line's current quantity: what was neither removed nor refunded."""
    return max(0, line.current - sum(refund.lines.get(line.id, 0) for refund in order.refunds))


def address_fields(address: Address | None) -> dict[str, Any] | None:
    """A MailingAddress; what the buyer left empty is null."""
    if address is None:
        return None
    return {
        "id": gid("MailingAddress", f"{crc32(repr(address).encode())}?model_name=Address"),
        "firstName": address.first, "lastName": address.last, "name": address.name,
        "address1": address.street, "address2": address.extra or None, "city": address.city, "zip": address.zip or None,
        "province": address.region_name or None, "provinceCode": address.region or None,
        "country": address.country_name or None, "countryCode": address.country or None,
        "countryCodeV2": address.country or None, "company": address.company or None, "phone": address.phone or None,
        "latitude": None, "longitude": None, "formattedArea": address.city, "timeZone": None,
        "coordinatesValidated": False,
        "formatted": [address.name, address.street, f"{address.city} {address.zip}", address.country_name],
    }  # fmt: skip


def variant_document(identity: str, sku: str, title: str, currency: str, price: int, grams: int) -> dict[str, Any]:
    """A ProductVariant and its InventoryItem."""
    return {
        "id": gid("ProductVariant", identity), "legacyResourceId": identity, "sku": sku, "title": title,
        "price": major(price, currency), "displayName": title, "barcode": None, "inventoryQuantity": 500,
        "inventoryItem": {"id": gid("InventoryItem", identity[::-1]), "sku": sku, "requiresShipping": grams > 0,
                          "tracked": True, "measurement": {"weight": {"unit": "GRAMS", "value": float(grams)}}},
    }  # fmt: skip


def mapping_types(table: Mapping[str, str]) -> dict[str, dict[str, Def]]:
    """Types whose values are mappings with these members."""
    return {kind: keys(names) for kind, names in table.items()}
