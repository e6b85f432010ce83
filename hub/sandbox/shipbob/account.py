"""One ShipBob account's HTTP: `/2026-01/...`, bearer token, `shipbob_channel_id`, problems in ASP.NET's words."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.sandbox.call import Answer, BadBody, Call, answer, segments
from hub.sandbox.ledger import stamp
from hub.sandbox.outbox import Subscription
from hub.sandbox.shipbob.asking import problems_of, sku_of, units_of
from hub.sandbox.shipbob.papers import WarehouseOrder, shipment_document
from hub.sandbox.shipbob.warehouse import Warehouse

_TOPICS = frozenset(
    "order.shipped order.shipment.delivered order.shipment.exception order.shipment.on_hold order.shipment.cancelled "
    "return.created return.updated return.completed".split()
)
_METHODS = ((21, "Standard"), (22, "2-Day"), (23, "Overnight"))


class Refusal(Exception):
    """ShipBob says no: problems by field."""

    def __init__(self, status: int, problems: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(str(problems))
        self.status, self.problems = status, problems or {}


class ShipBob(Warehouse):
    """The account's front."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._recent: deque[float] = deque()

    def handle(self, call: Call) -> Answer:
        if call.headers.get("authorization", "") != f"Bearer {self.token}":
            return Answer(401, b"", (("WWW-Authenticate", "Bearer"),))
        limit = self._limited(call.now)
        if limit is not None:
            return limit
        left = self.desk.settings.shipbob_per_minute - len(self._recent)
        try:
            given = self._route(call)
        except Refusal as refusal:
            given = answer(refusal.status, refusal.problems)
        except BadBody:
            given = answer(400, {"": ["The request body is not valid JSON."]})
        return Answer(given.status, given.body, (*given.headers, ("x-remaining-calls", str(left))))

    def _limited(self, now: float) -> Answer | None:
        """So many calls in any minute; the wait is told in `x-retry-after`, in seconds."""
        while self._recent and self._recent[0] <= now - 60:
            self._recent.popleft()
        if len(self._recent) < self.desk.settings.shipbob_per_minute:
            self._recent.append(now)
            return None
        wait = max(1, int(self._recent[0] + 60 - now) + 1)
        return answer(429, {"message": "Rate limit exceeded"}, {"x-retry-after": str(wait), "x-remaining-calls": "0"})

    def _route(self, call: Call) -> Answer:
        parts = segments(call.path)
        if not parts or parts[0] != "2026-01":
            raise Refusal(404)
        match (call.method, parts[1:]):
            case ("POST", ["order"]):
                return self._create(call)
            case ("GET", ["order"]):
                return answer(200, [self.view(each, call.now) for each in self._found(call)])
            case ("POST", ["order", name]) if name.endswith(":cancel"):
                return self._cancel(self._order(name.removesuffix(":cancel")), call.now)
            case ("GET", ["order", identity]):
                return answer(200, self.view(self._order(identity), call.now))
            case ("GET", ["order", identity, "shipment"]):
                order = self._order(identity)
                return answer(200, [shipment_document(order, each, call.now) for each in order.shipments])
            case ("GET", ["order", _, "shipment", identity] | ["shipment", identity]):
                return self._shipment(identity, call.now)
            case (_, ["webhook", *tail]):
                return self._webhooks(call, tail)
            case ("GET", ["inventory-level", *tail]):
                return self._inventory(call.query, tail)
        return self._catalogue(call, parts[1:])

    def _catalogue(self, call: Call, parts: list[str]) -> Answer:
        match (call.method, parts):
            case ("GET", ["channel"]):
                scopes = [
                    "orders_read",
                    "orders_write",
                    "inventory_read",
                    "webhooks_read",
                    "webhooks_write",
                    "locations_read",
                ]
                item = {"id": int(self.channel), "name": "Crossdock", "application_name": "SMA", "scopes": scopes}
                return answer(200, {"items": [item], "next": None, "prev": None})
            case ("GET", ["shipping-method"]):
                return answer(200, [
                    {"id": number, "name": name, "active": True, "default": number == 21,
                     "service_level": {"id": number, "name": name}} for number, name in _METHODS
                ])  # fmt: skip
            case ("GET", ["location" | "fulfillment-center"]):
                place = {"id": 8, "name": "Cicero (IL)", "abbreviation": "CIC", "is_active": True,
                         "access_granted": True,
                         "is_receiving_enabled": True, "is_shipping_enabled": True, "timezone": "America/Chicago",
                         "region": {"id": 2, "name": "Midwest"}, "attributes": [], "services": []}  # fmt: skip
                return answer(200, [place])
        raise Refusal(404)

    # --- orders ---

    def _create(self, call: Call) -> Answer:
        if call.headers.get("shipbob_channel_id") != self.channel:
            raise Refusal(403, {"shipbob_channel_id": ["A valid channel id is required."]})
        asked = call.json()
        problems = problems_of(asked)
        if problems:
            raise Refusal(400 if "" in problems else 422, problems)
        units = units_of(asked["products"])
        reference = asked["reference_id"]
        if reference in self.by_reference:
            raise Refusal(422, {"": ["Cannot insert order with existing ReferenceId"]})
        unknown = [each for each in asked["products"] if sku_of(each) not in self.on_hand and not each.get("name")]
        if unknown:
            raise Refusal(422, {"Products": [f"Product {sku_of(unknown[0])} does not exist and no name was given"]})
        order = WarehouseOrder(900_000 + self.desk.number(), reference, call.now, asked, units)
        facts = self._facts(order)
        why = self._doubled(order)
        if why:
            self.ledger.double(call.now, "fulfillment.create", why, **facts)
        self.accept(order, call.now)
        self.ledger.effect(call.now, "fulfillment.create", **facts, id=str(order.id))
        return answer(201, self.view(order, call.now))

    def _doubled(self, order: WarehouseOrder) -> str | None:
        """By content alone: the same buyer's goods, more of them than the storefront sold."""
        store_order = self.store_order(order)
        sold = store_order.group("", original=True) if store_order else {}
        active: dict[str, int] = {}
        for other in self.by_buyer.get(self.buyer(order), ()):
            for sku, units in () if other.cancelled else other.units.items():
                active[sku] = active.get(sku, 0) + units
        for sku, units in order.units.items():
            if active.get(sku) and active[sku] + units > sold.get(sku, active[sku]):
                return f"{sku} of this buyer was ordered before, under another reference"
        return None

    def _facts(self, order: WarehouseOrder) -> dict[str, Any]:
        recipient = order.asked["recipient"]
        store_order = self.store_order(order)
        address = recipient["address"]
        return {
            "reference": order.reference, "order": store_order.id if store_order else None,
            "email": recipient.get("email"), "name": recipient.get("name"), "lines": order.units,
            "address": {"street": address.get("address1"), "city": address.get("city"),
                        "zip": address.get("zip_code") or "", "country": address.get("country")},
            "total": str((order.asked.get("financials") or {}).get("total_price") or ""),
            "tags": {str(each.get("name")): str(each.get("value")) for each in order.asked.get("tags") or []},
        }  # fmt: skip

    def _cancel(self, order: WarehouseOrder, now: float) -> Answer:
        fresh = not order.cancelled
        results = self.cancel(order, now)
        stopped = [worked for _, worked in results]
        word = "Success" if all(stopped) else "PartialSuccess" if any(stopped) else "Failure"
        if fresh and any(stopped):
            facts = {"reference": order.reference, "order": order.store_order, "id": str(order.id), "result": word}
            self.ledger.effect(now, "fulfillment.cancel", **facts)
        return answer(200, {
            "order": self.view(order, now), "order_id": order.id, "status": word,
            "canceled_shipment_results": [
                {"shipment_id": shipment.id, "action": "Cancel", "is_success": worked,
                 "reason": "" if worked else "The shipment has already shipped"} for shipment, worked in results
            ],
        })  # fmt: skip

    def _found(self, call: Call) -> list[WarehouseOrder]:
        query, lag = call.query, self.desk.settings.shipbob_index_lag_seconds
        found = [each for each in self.orders.values() if each.created_at + lag <= call.now]
        if query.get("ReferenceIds"):
            wanted = set(query["ReferenceIds"].split(","))
            found = [each for each in found if each.reference in wanted]
        if query.get("IDs"):
            numbers = set(query["IDs"].split(","))
            found = [each for each in found if str(each.id) in numbers]
        for name, sign in (("LastUpdateStartDate", 1), ("LastUpdateEndDate", -1)):
            if query.get(name):
                limit = _moment(query[name])
                found = [each for each in found if (each.updated_at - limit) * sign >= 0]
        page, size = int(query.get("Page", "1")), int(query.get("Limit", "50"))
        if not 1 <= size <= 250:
            raise Refusal(400, {"Limit": ["The field Limit must be between 1 and 250."]})
        return found[(page - 1) * size : page * size]

    def _order(self, identity: str) -> WarehouseOrder:
        found = self.orders.get(int(identity)) if identity.isdigit() else None
        if found is None:
            raise Refusal(404)
        return found

    def _shipment(self, identity: str, now: float) -> Answer:
        for order in self.orders.values():
            for shipment in order.shipments:
                if str(shipment.id) == identity:
                    return answer(200, shipment_document(order, shipment, now))
        raise Refusal(404)

    # --- the account itself ---

    def _inventory(self, query: Mapping[str, str], tail: list[str]) -> Answer:
        if tail == ["locations"]:
            return answer(200, self._by_centre(query))
        wanted = query.get("SearchBy", "")
        items = [
            _level(i, sku, units, self.committed.get(sku, 0)) for i, (sku, units) in enumerate(self.on_hand.items())
        ]
        if tail:
            found = [each for each in items if str(each["inventory_id"]) == tail[0]]
            if not found:
                raise Refusal(404)
            return answer(200, found[0])
        return answer(200, {"items": [each for each in items if wanted in each["sku"]], "next": None, "prev": None,
                            "first": None, "last": None})  # fmt: skip

    def _by_centre(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Paged by an opaque cursor, as every list of this version is."""
        size, start = int(query.get("PageSize", "50")), int(query.get("Cursor", "0"))
        skus = list(self.on_hand)[start : start + size]
        more = len(self.on_hand) > start + size
        items = [_centres(start + i, sku, self.on_hand[sku], self.committed.get(sku, 0)) for i, sku in enumerate(skus)]
        link = f"/2026-01/inventory-level/locations?PageSize={size}&Cursor={start + size}" if more else None
        return {"items": items, "next": link, "prev": None, "first": None, "last": None}

    def _webhooks(self, call: Call, tail: list[str]) -> Answer:
        outbox = self.desk.outbox
        if call.method == "POST" and not tail:
            wanted = call.json()
            topics = frozenset(wanted.get("topics") or [])
            if not topics or topics - _TOPICS or not wanted.get("url"):
                raise Refusal(422, {"topics": [f"Unknown topics: {sorted(topics - _TOPICS)}"]})
            secret = wanted.get("secret") or "whsec_" + self.desk.chance.token(32, self.prefix, self.desk.number())
            made = Subscription(str(self.desk.number()), self.prefix, wanted["url"], secret, topics, "", call.now)
            outbox.subscribe(made)
            return answer(200, _subscription(made) | {"secret": secret})
        known = {each.id: each for each in outbox.of(self.prefix)}
        if not tail:
            return answer(200, {"items": [_subscription(each) for each in known.values()], "next": None, "prev": None})
        if tail[0] not in known:
            raise Refusal(404)
        if call.method == "DELETE":
            outbox.remove(known[tail[0]])
            return Answer(204)
        return answer(200, _subscription(known[tail[0]]))


def _level(index: int, sku: str, on_hand: int, committed: int) -> dict[str, Any]:
    return {
        "inventory_id": 510000 + index, "name": sku, "sku": sku, "total_awaiting_quantity": 0,
        "total_backordered_quantity": 0, "total_committed_quantity": committed, "total_exception_quantity": 0,
        "total_fulfillable_quantity": on_hand - committed, "total_internal_transfer_quantity": 0,
        "total_on_hand_quantity": on_hand, "total_sellable_quantity": on_hand - committed,
    }  # fmt: skip


def _centres(index: int, sku: str, on_hand: int, committed: int) -> dict[str, Any]:
    centre = {"location_id": 8, "name": "Cicero (IL)", "on_hand_quantity": on_hand, "committed_quantity": committed,
              "fulfillable_quantity": on_hand - committed, "awaiting_quantity": 0,
              "internal_transfer_quantity": 0}  # fmt: skip
    return {"inventory_id": 510000 + index, "name": sku, "sku": sku, "locations": [centre]}


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id, "url": subscription.url, "topics": sorted(subscription.topics),
        "enabled": subscription.enabled,
        "description": subscription.name, "created_at": stamp(subscription.created_at),
    }  # fmt: skip


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace(" ", "+")).timestamp()
    except ValueError as error:
        raise Refusal(400, {"LastUpdateStartDate": ["The value is not a valid date."]}) from error
