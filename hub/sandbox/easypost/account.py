"""One EasyPost account's HTTP: `/v2/...`, the API key as basic user or bearer, problems in EasyPost's words."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.sandbox.call import Answer, BadBody, Call, answer, segments
from hub.sandbox.easypost.carrier import Carrier
from hub.sandbox.easypost.papers import (
    Shipment,
    address_document,
    address_problem,
    rate_documents,
    shipment_document,
    tracker_document,
)
from hub.sandbox.outbox import Subscription


class Refusal(Exception):
    """EasyPost says no."""

    def __init__(self, status: int, code: str, what: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(what)
        self.status, self.code, self.errors = status, code, errors or []

    def answer(self) -> Answer:
        return answer(self.status, {"error": {"code": self.code, "message": str(self), "errors": self.errors}})


class EasyPost(Carrier):
    """The account's front."""

    def handle(self, call: Call) -> Answer:
        if not self._authentic(call):
            what = "This resource requires authentication. Please provide a valid API key."
            return Refusal(401, "APIKEY.INACTIVE", what).answer()
        try:
            return self._route(call)
        except Refusal as refusal:
            return refusal.answer()
        except BadBody:
            return Refusal(400, "PARAMETER.INVALID", "The request body is not valid JSON.").answer()

    def _route(self, call: Call) -> Answer:
        parts = segments(call.path)
        match (call.method, parts[1:] if parts[:1] == ["v2"] else []):
            case ("POST", ["addresses", *tail]) if tail in ([], ["create_and_verify"]):
                return self._address(call, bool(tail))
            case ("GET", ["addresses", identity]):
                return answer(200, self._one_address(identity))
            case ("GET", ["addresses", identity, "verify"]):
                return self._verify(identity, call.now)
            case ("POST", ["shipments"]):
                return self._create(call)
            case ("GET", ["shipments"]):
                return self._list(call.query)
            case ("GET", ["shipments", identity]):
                return answer(200, shipment_document(self._shipment(identity), self.mode))
            case ("GET", ["shipments", identity, "rates"]):
                return answer(200, {"rates": self._shipment(identity).rates})
            case ("POST", ["shipments", identity, "buy"]):
                return self._buy(self._shipment(identity), call)
            case ("POST" | "GET", ["shipments", identity, "refund"]):
                return self._give_back(self._shipment(identity), call.now)
            case ("POST", ["trackers"]):
                return self._track(call)
            case ("GET", ["trackers", *tail]):
                return self._trackers(call.query, tail)
            case (_, ["webhooks", *tail]):
                return self._webhooks(call, tail)
            case ("GET", ["users" | "api_keys" | "carrier_accounts", *_]):
                return answer(200, {"id": "user_sandbox", "object": "User", "name": "Sandbox", "children": []})
        raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")

    # --- addresses ---

    def _address(self, call: Call, verify: bool) -> Answer:
        body = call.json()
        asked = body.get("address") or {}
        wants = verify or bool(body.get("verify") or body.get("verify_strict") or asked.get("verify"))
        good = _deliverable(asked)
        if not good and (verify or body.get("verify_strict")):
            raise Refusal(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.", [address_problem()])
        identity = self.identity("adr")
        document = address_document(asked, identity, call.now, self.mode, good if wants else None)
        self.addresses[identity] = document
        return answer(200, {"address": document}) if verify else answer(201, document)

    def _verify(self, identity: str, now: float) -> Answer:
        known = self._one_address(identity)
        if not _deliverable(known):
            raise Refusal(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.", [address_problem()])
        return answer(200, {"address": address_document(known, identity, now, self.mode, True)})

    def _one_address(self, identity: str) -> dict[str, Any]:
        if identity not in self.addresses:
            raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")
        return self.addresses[identity]

    # --- shipments ---

    def _create(self, call: Call) -> Answer:
        asked = call.json().get("shipment") or {}
        missing = [name for name in ("to_address", "from_address", "parcel") if not asked.get(name)]
        if missing:
            errors = [{"field": name, "message": "cannot be blank"} for name in missing]
            raise Refusal(422, "PARAMETER.REQUIRED", "Missing required parameter.", errors)
        identity = self.identity("shp")
        whole = asked | {name: self._resolved(asked[name], call.now) for name in ("to_address", "from_address")}
        whole["parcel"] = {"id": self.identity("prcl"), "object": "Parcel", "mode": self.mode,
                           "predefined_package": None,
                           "length": None, "width": None, "height": None} | asked["parcel"]  # fmt: skip
        international = whole["from_address"].get("country") != whole["to_address"].get("country")
        rates = rate_documents(identity, _ounces(asked["parcel"]), international, call.now, self.mode)
        made = Shipment(identity, whole, call.now, rates, str(asked.get("reference") or ""), order=self._order(whole))
        self.shipments[identity] = made
        self.by_buyer.setdefault(self._buyer(made), []).append(made)
        if made.reference:
            self.by_reference[made.reference] = made
        self.ledger.object(call.now, "shipment.create", id=identity, reference=made.reference, order=made.order)
        return answer(201, shipment_document(made, self.mode))

    def _buy(self, shipment: Shipment, call: Call) -> Answer:
        wanted = (call.json().get("rate") or {}).get("id")
        rate = next((each for each in shipment.rates if each["id"] == wanted), None)
        facts = self._facts(shipment)
        if shipment.bought is not None:
            self.ledger.double(call.now, "label.buy", "this shipment's label was bought before", **facts)
            raise Refusal(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
        if rate is None:
            raise Refusal(422, "SHIPMENT.POSTAGE.FAILURE", "The selected rate does not belong to this shipment.")
        if self._labelled(shipment):
            self.ledger.double(
                call.now, "label.buy", "this buyer's parcel was labelled before, for another shipment", **facts
            )
        shipment.bought, shipment.bought_at, shipment.updated_at = rate, call.now, call.now
        shipment.tracker = self.tracker_of(shipment, rate["carrier"], call.now)
        self.desk.labels.add(shipment.tracker.code)
        self.ledger.effect(
            call.now, "label.buy", **self._facts(shipment), amount=rate["rate"], currency=rate["currency"]
        )
        self.plan_journey(shipment, call.now)
        return answer(200, shipment_document(shipment, self.mode))

    def _labelled(self, shipment: Shipment) -> bool:
        """Whether this buyer already has a label that was not given back."""
        others = self.by_buyer.get(self._buyer(shipment), ())
        return any(each is not shipment and each.bought is not None and each.refund is None for each in others)

    def _give_back(self, shipment: Shipment, now: float) -> Answer:
        if shipment.bought is None:
            raise Refusal(422, "SHIPMENT.REFUND.UNAVAILABLE", "No postage was bought for this shipment.")
        if shipment.refund is not None:
            why = "this label's refund was asked for before"
            self.ledger.double(now, "label.refund", why, **self._facts(shipment))
            raise Refusal(422, "SHIPMENT.REFUND.UNAVAILABLE", "Refund was requested before.")
        moving = shipment.tracker is not None and shipment.tracker.status not in ("unknown", "pre_transit")
        if moving:
            self.ledger.refused(now, "label.refund", **self._facts(shipment))
            raise Refusal(422, "SHIPMENT.REFUND.UNAVAILABLE", "The label has been used.")
        shipment.refund, shipment.updated_at = "submitted", now
        self.ledger.effect(now, "label.refund", **self._facts(shipment))
        wait = self.desk.chance.between(self.desk.settings.label_refunded_after, "refunded", shipment.id)
        self.desk.agenda.at(now + wait, lambda due: self._refunded(shipment, due))
        return answer(200, shipment_document(shipment, self.mode))

    def _refunded(self, shipment: Shipment, now: float) -> None:
        shipment.refund, shipment.updated_at = "refunded", now
        code = shipment.tracker.code if shipment.tracker else None
        thing = {"object": "Refund", "id": "rfnd_" + shipment.id[4:], "status": "refunded", "tracking_code": code,
                 "shipment_id": shipment.id, "carrier": "USPS", "mode": self.mode}  # fmt: skip
        self.tell("refund.successful", thing, "submitted", now)

    def _list(self, query: Mapping[str, str]) -> Answer:
        size = min(100, int(query.get("page_size", "20")))
        found = sorted(self.shipments.values(), key=lambda each: -each.created_at)
        if query.get("before_id") in self.shipments:
            found = found[found.index(self.shipments[query["before_id"]]) + 1 :]
        documents = [shipment_document(each, self.mode) for each in found[:size]]
        return answer(200, {"shipments": documents, "has_more": len(found) > size})

    def _shipment(self, identity: str) -> Shipment:
        """By id, or by the reference given at its making (the newest where several share one)."""
        found = self.shipments.get(identity) or self.by_reference.get(identity)
        if found is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")
        return found

    def _facts(self, shipment: Shipment) -> dict[str, Any]:
        to = shipment.asked["to_address"]
        return {
            "id": shipment.id, "reference": shipment.reference, "order": shipment.order, "email": to.get("email"),
            "name": to.get("name"), "tracking": shipment.tracker.code if shipment.tracker else "",
            "address": {"street": to.get("street1"), "city": to.get("city"), "zip": to.get("zip") or "",
                        "country": to.get("country")},
        }  # fmt: skip

    def _order(self, asked: Mapping[str, Any]) -> str:
        found = self.store_order(asked)
        return found.id if found else ""

    def _buyer(self, shipment: Shipment) -> str:
        return shipment.order or str(shipment.asked["to_address"].get("name")).casefold()

    # --- trackers ---

    def _track(self, call: Call) -> Answer:
        asked = call.json().get("tracker") or {}
        code = str(asked.get("tracking_code") or "")
        if not code:
            raise Refusal(422, "TRACKER.CREATE.ERROR", "Unable to create tracker.")
        known = next((each for each in self.trackers.values() if each.code == code), None)
        made = known or self.tracker_of(None, asked.get("carrier") or "USPS", call.now, code)
        return answer(201, tracker_document(made, self.mode))

    def _trackers(self, query: Mapping[str, str], tail: list[str]) -> Answer:
        if tail:
            if tail[0] not in self.trackers:
                raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")
            return answer(200, tracker_document(self.trackers[tail[0]], self.mode))
        wanted = query.get("tracking_code")
        found = [each for each in self.trackers.values() if wanted in (None, each.code)]
        return answer(200, {"trackers": [tracker_document(each, self.mode) for each in found], "has_more": False})

    # --- webhooks ---

    def _webhooks(self, call: Call, tail: list[str]) -> Answer:
        outbox = self.desk.outbox
        if call.method == "POST" and not tail:
            asked = call.json().get("webhook") or {}
            if not asked.get("url"):
                raise Refusal(422, "WEBHOOK.CREATE.ERROR", "url is required")
            made = Subscription(self.identity("hook"), self.prefix, asked["url"], asked.get("webhook_secret") or "")
            outbox.subscribe(made)
            return answer(201, self._webhook(made))
        known = {each.id: each for each in outbox.of(self.prefix)}
        if not tail:
            return answer(200, {"webhooks": [self._webhook(each) for each in known.values()]})
        if tail[0] not in known:
            raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")
        if call.method == "DELETE":
            outbox.remove(known[tail[0]])
            return answer(200, {})
        return answer(200, self._webhook(known[tail[0]]))

    def _webhook(self, subscription: Subscription) -> dict[str, Any]:
        return {
            "id": subscription.id,
            "object": "Webhook",
            "mode": self.mode,
            "url": subscription.url,
            "disabled_at": None,
        }

    def _resolved(self, address: Mapping[str, Any], now: float) -> dict[str, Any]:
        """An address may be given whole, or by its id."""
        if set(address) == {"id"}:
            return self._one_address(address["id"])
        return address_document(dict(address), self.identity("adr"), now, self.mode, None)

    def _authentic(self, call: Call) -> bool:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = base64.b64decode(given.encode() + b"==").decode("latin-1").partition(":")[0]
        return given == self.key


def _deliverable(address: Mapping[str, Any]) -> bool:
    return bool(address.get("street1") and address.get("city") and address.get("country") and address.get("zip"))


def _ounces(parcel: Mapping[str, Any]) -> Decimal:
    try:
        weight = Decimal(str(parcel.get("weight")))
    except InvalidOperation as error:
        raise Refusal(422, "PARCEL.INVALID", "weight must be a number of ounces") from error
    if not 0 < weight <= 1600:
        raise Refusal(422, "PARCEL.INVALID", "weight must be between 0 and 1600 ounces")
    return weight
