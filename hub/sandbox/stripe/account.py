"""One Stripe account: `/v1/...`, form-encoded, bearer keys, errors in Stripe's words."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from hub.sandbox.call import Answer, BadBody, Call, answer, segments
from hub.sandbox.outbox import Subscription
from hub.sandbox.stripe.asking import REASONS, Refusal, amount_of, only
from hub.sandbox.stripe.book import Book, order_of
from hub.sandbox.stripe.papers import Intent, charge_document, intent_document, page, refund_document


class Stripe(Book):
    """The account's front."""

    def handle(self, call: Call) -> Answer:
        if not self._authentic(call):
            return answer(401, {"error": {"message": "Invalid API Key provided", "type": "invalid_request_error"}})
        key = call.headers.get("idempotency-key") if call.method == "POST" else None
        request = ("Request-Id", f"req_{self.desk.chance.token(14, self.prefix, 'request', self.desk.number())}")
        if key and len(key) > 255:
            what = "Idempotency keys are at most 255 characters long."
            given = answer(400, {"error": {"message": what, "type": "idempotency_error"}})
        else:
            given = (self.keys.replay(key, call) if key else None) or self._run(call, key)
        extra = (request, ("Idempotency-Key", key)) if key else (request,)
        return replace(given, headers=(*given.headers, *extra))

    def _run(self, call: Call, key: str | None) -> Answer:
        try:
            given = answer(200, self._dispatch(call, key))
        except (BadBody, UnicodeDecodeError):
            refusal = Refusal(400, "parameter_invalid_string", "The request body could not be read.")
            return self._refused(refusal, key)
        except Refusal as refusal:
            return self._refused(refusal, key)
        if call.upset == "500_kept":
            what = "An error occurred internally. Stripe has been notified."
            given = answer(500, {"error": {"message": what, "type": "api_error"}}, {"Stripe-Should-Retry": "false"})
        if key:
            self.keys.keep(key, given)
        return given

    def _refused(self, refusal: Refusal, key: str | None) -> Answer:
        given = refusal.answer()
        if key and refusal.kept:
            self.keys.keep(key, given)
        elif key:
            self.keys.release(key)
        return given

    def _dispatch(self, call: Call, key: str | None) -> dict[str, Any]:
        parts = segments(call.path)
        match (call.method, parts):
            case ("GET", ["v1", "account"]):
                return self._itself()
            case ("GET", ["v1", "payment_intents", "search"]):
                return self._search(call.query)
            case ("GET", ["v1", "payment_intents", identity]):
                return intent_document(self._intent(identity))
            case ("POST", ["v1", "payment_intents", identity, "capture"]):
                return self._capture(self._intent(identity), call.form(), call.now, key)
            case ("POST", ["v1", "payment_intents", identity, "cancel"]):
                return self._cancel(self._intent(identity), call.form(), call.now, key)
            case ("GET", ["v1", "charges", identity]):
                return charge_document(self._by_charge(identity))
            case ("POST", ["v1", "refunds"]):
                return self._refund(call.form(), call.now, key)
            case ("GET", ["v1", "refunds"]):
                return self._refunds(call.query)
            case ("GET", ["v1", "refunds", identity]):
                return self._one_refund(identity)
            case (_, ["v1", "webhook_endpoints", *rest]):
                return self._endpoints(call, rest)
        raise Refusal(404, "url_invalid", f"Unrecognized request URL ({call.method}: {call.path}).")

    def _itself(self) -> dict[str, Any]:
        name = self.prefix.partition("/")[2]
        return {
            "id": f"acct_{name}", "object": "account", "charges_enabled": True, "default_currency": "usd",
            "country": "US",
            "settings": {"dashboard": {"display_name": name.title(), "timezone": "Etc/UTC"}},
        }  # fmt: skip

    def _capture(self, intent: Intent, form: dict[str, Any], now: float, key: str | None) -> dict[str, Any]:
        only(form, "amount_to_capture", "final_capture", "metadata", "expand", "statement_descriptor")
        amount = amount_of(form.get("amount_to_capture"), "amount_to_capture", intent.amount)
        facts = {"intent": intent.id, "amount": amount, "currency": intent.currency.upper(), "key": key}
        if intent.status == "succeeded":
            self.ledger.double(now, "payment.capture", "the intent was captured before", **facts)
        if intent.status != "requires_capture":
            what = (
                f"This PaymentIntent could not be captured because it has a status of {intent.status}. "
                "Only a PaymentIntent with one of the following statuses may be captured: requires_capture."
            )
            raise Refusal(400, "payment_intent_unexpected_state", what, kept=True, intent=intent_document(intent))
        if amount > intent.amount:
            what = "The amount to capture is greater than the amount that was authorized."
            raise Refusal(400, "amount_too_large", what, param="amount_to_capture")
        intent.status, intent.received = "succeeded", amount
        intent.metadata |= form.get("metadata", {})
        self.ledger.effect(now, "payment.capture", **facts, order=order_of(intent))
        self.tell(intent, "payment_intent.succeeded", now, key)
        self.tell_store(intent, "captured", now)
        return intent_document(intent)

    def _cancel(self, intent: Intent, form: dict[str, Any], now: float, key: str | None) -> dict[str, Any]:
        only(form, "cancellation_reason", "expand")
        reason = form.get("cancellation_reason")
        if reason is not None and reason not in REASONS:
            raise Refusal(400, "parameter_invalid_string", "Invalid cancellation_reason", param="cancellation_reason")
        facts = {"intent": intent.id, "amount": intent.amount, "currency": intent.currency.upper(), "key": key}
        if intent.status == "canceled":
            self.ledger.double(now, "payment.void", "the intent was cancelled before", **facts)
        if intent.status != "requires_capture":
            what = f"You cannot cancel this PaymentIntent because it has a status of {intent.status}."
            raise Refusal(400, "payment_intent_unexpected_state", what, kept=True, intent=intent_document(intent))
        intent.status, intent.canceled_at, intent.cancellation_reason = "canceled", now, reason
        self.ledger.effect(now, "payment.void", **facts, order=order_of(intent))
        self.tell(intent, "payment_intent.canceled", now, key)
        return intent_document(intent)

    def _refund(self, form: dict[str, Any], now: float, key: str | None) -> dict[str, Any]:
        only(form, "payment_intent", "charge", "amount", "reason", "metadata", "expand", "instructions_email")
        if not form.get("payment_intent") and not form.get("charge"):
            raise Refusal(
                400, "parameter_missing", "One of the following params should be provided: charge, payment_intent."
            )
        named = form.get("payment_intent")
        intent = self._intent(named, in_body=True) if named else self._by_charge(form["charge"])
        left = intent.received - intent.refunded
        amount = amount_of(form.get("amount"), "amount", left or intent.received)
        facts = {"intent": intent.id, "amount": amount, "currency": intent.currency.upper(), "key": key}
        order = intent.order
        allowed = order.expected_refunds if order else 0
        if sum(back.amount == amount for back in intent.refunds) > allowed:
            self.ledger.double(now, "payment.refund", "a refund of this sum was made before", **facts)
        if not left:
            raise Refusal(
                400, "charge_already_refunded", f"Charge {intent.charge} has already been refunded.", kept=True
            )
        if amount > left:
            what = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Refusal(400, "amount_too_large", what, param="amount", kept=True)
        if form.get("reason") not in (None, *REASONS[:3]):
            raise Refusal(400, "parameter_invalid_string", "Invalid reason", param="reason")
        back = self.give_back(intent, amount, now, form.get("reason"), form.get("metadata", {}))
        self.ledger.effect(now, "payment.refund", **facts, id=back.id, order=order_of(intent))
        self.tell(intent, "charge.refunded", now, key)
        self.tell_store(intent, "refunded", now)
        return refund_document(intent, back)

    def _refunds(self, query: Any) -> dict[str, Any]:
        found = [
            refund_document(intent, back)
            for intent in self.intents.values()
            for back in intent.refunds
            if query.get("payment_intent") in (None, intent.id) and query.get("charge") in (None, intent.charge)
        ]
        found.sort(key=lambda each: -each["created"])
        limit = int(query.get("limit", "10"))
        start = next((i + 1 for i, each in enumerate(found) if each["id"] == query.get("starting_after")), 0)
        return page("/v1/refunds", found[start : start + limit], len(found) > start + limit)

    def _one_refund(self, identity: str) -> dict[str, Any]:
        for intent in self.intents.values():
            for back in intent.refunds:
                if back.id == identity:
                    return refund_document(intent, back)
        raise Refusal(404, "resource_missing", f"No such refund: '{identity}'", param="id")

    def _search(self, query: Any) -> dict[str, Any]:
        """`metadata['name']:'value'`, the only search the index of the sandbox has."""
        name, _, value = query.get("query", "").partition(":")
        name = name.removeprefix("metadata[").rstrip("]").strip("'\"")
        found = [each for each in self.intents.values() if each.metadata.get(name) == value.strip("'\"")]
        documents = [intent_document(each) for each in found]
        return page("/v1/payment_intents/search", documents) | {"object": "search_result"}

    def _endpoints(self, call: Call, rest: list[str]) -> dict[str, Any]:
        outbox = self.desk.outbox
        if call.method == "POST" and not rest:
            form = call.form()
            if not form.get("url") or not form.get("enabled_events"):
                raise Refusal(400, "parameter_missing", "Missing required param: url or enabled_events.")
            topics = frozenset(form["enabled_events"]) - {"*"}
            token = self.desk.chance.token(24, self.prefix, "endpoint", self.desk.number())
            made = Subscription(f"we_1{token}", self.prefix, form["url"], f"whsec_{token}", topics, "", call.now)
            outbox.subscribe(made)
            return _endpoint(made, self.livemode) | {"secret": made.secret}
        known = {each.id: each for each in outbox.of(self.prefix)}
        if not rest:
            return page("/v1/webhook_endpoints", [_endpoint(each, self.livemode) for each in known.values()])
        if rest[0] not in known:
            raise Refusal(404, "resource_missing", f"No such webhook endpoint: '{rest[0]}'", param="id")
        if call.method == "DELETE":
            outbox.remove(known[rest[0]])
            return {"id": rest[0], "object": "webhook_endpoint", "deleted": True}
        return _endpoint(known[rest[0]], self.livemode)

    def _intent(self, identity: str, in_body: bool = False) -> Intent:
        found = self.intents.get(identity)
        if found is None:
            what = f"No such payment_intent: '{identity}'"
            raise Refusal(400 if in_body else 404, "resource_missing", what, param="intent")
        return found

    def _by_charge(self, identity: str) -> Intent:
        found = next((each for each in self.intents.values() if each.charge == identity), None)
        if found is None:
            raise Refusal(404, "resource_missing", f"No such charge: '{identity}'", param="id")
        return found

    def _authentic(self, call: Call) -> bool:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = base64.b64decode(given + "==").decode("latin-1").partition(":")[0]
        return given.strip() == self.key


def _endpoint(subscription: Subscription, livemode: bool) -> dict[str, Any]:
    topics = sorted(subscription.topics) or ["*"]
    return {
        "id": subscription.id, "object": "webhook_endpoint", "api_version": None,
        "created": int(subscription.created_at),
        "enabled_events": topics, "livemode": livemode, "metadata": {}, "status": "enabled", "url": subscription.url,
    }  # fmt: skip
