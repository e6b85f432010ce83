"""A capability's input from the book, and the content by which an object found later is known to be ours."""

from __future__ import annotations

from typing import Any, TypeVar

from hub.flow import gap, scope
from hub.flow.groups import COMMITMENTS, shipped, wanted
from hub.flow.payment import capturable
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.contract import CannotPrepare
from hub.model.effect import key_of, reference_of
from hub.model.money import major
from hub.model.step import Effect, Group, Step

Input = dict[str, Any]
T = TypeVar("T")


def build(setting: Setting, book: Book, step: Step) -> tuple[Input, dict[str, Any]]:
    """(input, content). Raises CannotPrepare when the book lacks what the capability needs."""
    assert book.order is not None
    assert step.capability is not None
    reference = reference_of(setting.install_key, step.identity(book.key))
    made = _BUILDERS[step.capability](setting, book, step)
    made["reference"] = reference
    made["order"] = _order_facts(book)
    content = _content(step.capability, made)
    if gap.pending(step) and step.capability in COMMITMENTS:  # where it went is as unknown as whether it went
        place = made["group"]["destination"] or {}
        recipient = {**scope.recipient(place), "street_address": place.get("street_address")}
        content = {"lines": {}, **content, "recipient": recipient}
    return made, content


def _order_facts(book: Book) -> Input:
    assert book.order is not None
    return {
        "id": book.source_id,
        "label": book.order.label,
        "currency": book.order.currency,
        "placed_at": book.order.placed_at.isoformat(),
        "permalink_url": book.order.permalink_url,
        "storefront": book.connection,
        "source_id": book.source_id,
        "test": book.order.test,
    }


def _content(capability: str, made: Input) -> dict[str, Any]:
    if capability in ("payment.capture", "payment.refund"):
        return {"amount": made["amount"], "currency": made["currency"]}
    if capability == "fulfillment.create":
        lines: dict[str, int] = {}
        for line in made["group"]["lines"]:
            lines[line["sku"] or ""] = lines.get(line["sku"] or "", 0) + line["quantity"]
        return {"lines": lines, "recipient": scope.recipient(made["group"]["destination"])}
    if capability == "shipment.announce":
        return {"parcel": made["parcel"]}  # to be looked for even when its label was given back since
    return {}


def _need(value: T | None, what: str) -> T:
    if value is None:
        raise CannotPrepare(what, mend="look at the order in its storefront, then replay")
    return value


def _payment(setting: Setting, book: Book, step: Step) -> Input:
    payment = _need(scope.payment_of(book, step), "the payment is no longer on the order")
    return {"payment": payment.model_dump(mode="json")}


def _capture(setting: Setting, book: Book, step: Step) -> Input:
    payment = _need(scope.payment_of(book, step), "the payment is no longer on the order")
    return {**_payment(setting, book, step), "amount": capturable(payment), "currency": payment.currency}


def _refund(setting: Setting, book: Book, step: Step) -> Input:
    asked = book.runs[step.run].inputs
    return {
        **_payment(setting, book, step),
        "refund": {"id": asked["refund_id"], "reason": asked.get("reason"), "lines": asked.get("lines", [])},
        "amount": asked["amount"],
        "currency": asked["currency"],
    }


def _group_document(book: Book, group: Group) -> Input:
    assert book.order is not None
    lines = []
    for line_id, quantity in group.lines.items():
        line = _need(book.order.line(line_id), f"line {line_id} is no longer on the order")
        lines.append(
            {
                "id": line_id,
                "sku": line.item.sku,
                "title": line.item.title,
                "quantity": quantity,
                "price": line.item.price,
                "weight_grams": line.weight_grams,
                "hs_code": line.hs_code,
                "origin_country": line.origin_country,
            }
        )
    return {
        "id": group.id,
        "lines": lines,
        "destination": group.destination,
        "service": group.service,
        "cod_amount": book.order.cod_amount,
        "currency": book.order.currency,
        "location_id": group.location_id,
    }


def _group(setting: Setting, book: Book, step: Step) -> Input:
    assert book.order is not None
    group = _need(scope.group_of(book, step), "the fulfilment group is gone")
    return {"group": _group_document(book, group), "buyer": book.order.buyer.model_dump()}


def _cancel_warehouse(setting: Setting, book: Book, step: Step) -> Input:
    return {**_group(setting, book, step), "id": _undone_id(book, step, "fulfillment.create")}


def _undone_id(book: Book, step: Step, capability: str) -> str | None:
    done = [e for e in book.executed(capability) if e.subject == step.subject and e.provider_id]
    return done[-1].provider_id if done else None


def _shipment(setting: Setting, book: Book, step: Step) -> Input:
    group = _need(scope.group_of(book, step), "the fulfilment group is gone")
    carrier = setting.connections.get(step.connection or "")
    weights = [(book.order.line(i), q) for i, q in group.lines.items()] if book.order else []
    grams = sum((line.weight_grams or 0) * quantity for line, quantity in weights if line)
    measures = dict(carrier.parcel) if carrier else {}
    return {
        **_group(setting, book, step),
        "origin": dict(carrier.origin) if carrier else {},
        "parcel": {**measures, "weight_grams": grams or measures.get("weight_grams")},
    }


def _verify(setting: Setting, book: Book, step: Step) -> Input:
    group = _need(scope.group_of(book, step), "the fulfilment group is gone")
    return {"destination": group.destination}


def _label(setting: Setting, book: Book, step: Step) -> Input:
    made = _prepared_shipment(book, step)
    rate = _need(_choose(made.get("rates") or [], scope.group_of(book, step)), "the carrier offered no rate")
    shipment = _need(made.get("id"), "the carrier shipment is missing")
    return {**_group(setting, book, step), "shipment_id": shipment, "rate_id": rate["id"], "rate": rate}


def _prepared_shipment(book: Book, step: Step) -> dict[str, Any]:
    """The result of the shipment that was created for the same subject."""
    for other in book.steps.values():
        if other.capability == "shipment.create" and other.subject == step.subject and other.result:
            return other.result
    return {}


def _choose(rates: list[dict[str, Any]], group: Group | None) -> dict[str, Any] | None:
    """The service that was asked for, else the cheapest; ties by id so that the choice never changes."""
    asked = [rate for rate in rates if group and group.service and rate.get("service") == group.service]
    return min(asked or rates, key=lambda rate: (rate["amount"], str(rate["id"])), default=None)


def _label_refund(setting: Setting, book: Book, step: Step) -> Input:
    shipment = _prepared_shipment(book, step).get("id")
    return {"shipment_id": _need(shipment, "the carrier shipment is missing")}


def _announce(setting: Setting, book: Book, step: Step) -> Input:
    parcel = _need(scope.parcel_of(book, step), "the parcel is gone")
    told = {parcel.id} | {e.subject.removeprefix("parcel:") for e in book.executed("shipment.announce") if e.executed}
    gone: dict[str, int] = {}
    for other in book.parcels.values():
        for line, quantity in other.lines.items() if other.id in told else ():
            gone[line] = gone.get(line, 0) + quantity
    need = {line: quantity for line, quantity in wanted(book).items() if _ships(book, line)}
    storefront = scope.storefront_of(setting, book)
    return {
        "source_id": book.source_id,
        "parcel": scope.parcel_facts(parcel),
        "complete": all(gone.get(line, 0) >= quantity for line, quantity in need.items()),
        "notify": storefront.owners.mails("shipped") == "storefront",
    }


def _ships(book: Book, line_id: str) -> bool:
    line = book.order.line(line_id) if book.order else None
    return line is not None and line.requires_shipping


def _notification(setting: Setting, book: Book, step: Step) -> Input:
    order = book.order
    assert order is not None
    kind = str(step.spec["kind"])
    to = _need(order.buyer.email, "the buyer left no e-mail address")
    parcel = scope.parcel_of(book, step)
    letter = setting.notices.render(
        kind,
        {
            "order": order,
            "parcel": scope.parcel_facts(parcel) if parcel else None,
            "shop": dict(setting.shop)
            | {"name": scope.storefront_of(setting, book).settings.get("shop_name") or setting.shop.get("name")},
            "refund": book.runs[step.run].inputs if kind == "refunded" else None,
            "total": major(order.total("total") or 0, order.currency),
        },
    )
    key = key_of(setting.install_key, step.identity(book.key))
    domain = str(setting.shop.get("email") or "").rpartition("@")[2] or "localhost"
    return {
        "message": {
            "kind": kind,
            "to": to,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "message_id": f"<{key}@{domain}>",
        }
    }


def _acknowledge(setting: Setting, book: Book, step: Step) -> Input:
    return {"source_id": book.source_id}


def lookup(setting: Setting, book: Book, step: Step, effect: Effect | None) -> Input:
    """The input of the capability that can tell whether a step's effect happened."""
    assert book.order is not None
    reference = effect.reference if effect else reference_of(setting.install_key, step.identity(book.key))
    payment, parcel = scope.payment_of(book, step), scope.parcel_of(book, step)
    known: str | None = effect.provider_id if effect else None
    if step.capability in ("label.buy", "label.refund"):
        known = _prepared_shipment(book, step).get("id")
    if step.capability == "fulfillment.cancel":
        known = _undone_id(book, step, "fulfillment.create")
    return {
        "reference": reference,
        "id": known,
        "effect": step.capability,
        "amount": effect.amount if effect else None,
        "currency": effect.currency if effect else None,
        "payment": payment.model_dump(mode="json") if payment else None,
        "parcel": scope.parcel_facts(parcel) if parcel else (effect.content.get("parcel") if effect else None),
        "source_id": book.source_id,
        "order": _order_facts(book),
    }


def all_shipped(book: Book, group: Group) -> bool:
    gone = shipped(book, group)
    return all(gone.get(line, 0) >= quantity for line, quantity in group.lines.items())


_BUILDERS = {
    "payment.capture": _capture,
    "payment.void": _payment,
    "payment.refund": _refund,
    "address.verify": _verify,
    "fulfillment.create": _group,
    "fulfillment.cancel": _cancel_warehouse,
    "shipment.create": _shipment,
    "label.buy": _label,
    "label.refund": _label_refund,
    "shipment.announce": _announce,
    "notification.send": _notification,
    "order.acknowledge": _acknowledge,
    "order.complete": _acknowledge,
}
