"""Writes orders' books into a real store, as the flow would have written them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.effect import Identity, digest_of, key_of, reference_of
from hub.model.flow import State
from hub.model.order import Order
from hub.model.step import Attempt, Effect, Group, Parcel, Run, Step
from hub.store.moments import SqlStore

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
INSTALL_KEY = b"an install key of thirty-two byt"

PEOPLE = (
    ("Mathilde", "Aubry", "FR", "12 rue des Tanneurs", "Lyon", "69002"),
    ("Jonas", "Lindqvist", "SE", "Fabriksgatan 8", "Göteborg", "412 50"),
    ("Ewa", "Sobczak", "PL", "ul. Miodowa 3", "Kraków", "31-055"),
    ("Tomás", "Ferreira", "PT", "Rua do Almada 91", "Porto", "4050-036"),
    ("Priya", "Raman", "GB", "4 Chandler's Yard", "Leeds", "LS1 4DY"),
    ("Lukas", "Brandauer", "AT", "Gumpendorfer Straße 40", "Wien", "1060"),
    ("Ingrid", "Moen", "NO", "Strandgaten 17", "Bergen", "5013"),
    ("Hana", "Dvořáková", "CZ", "Vinohradská 112", "Praha", "130 00"),
)
GOODS = (
    ("MUG-OAT", "Stoneware mug, oat", 2400),
    ("TRAY-ASH", "Ash serving tray", 5900),
    ("LINEN-2", "Linen napkins, pair", 3200),
)


def order_for(source_id: str, label: str, placed_at: datetime, person: int = 0, **said: Any) -> Order:
    """An order of one to three lines; `said` overrides fields of the canonical order."""
    first, last, country, street, town, code = PEOPLE[person % len(PEOPLE)]
    chosen = GOODS[: 1 + person % len(GOODS)]
    total = sum(price for _, _, price in chosen) + 690
    payment = {
        "id": f"pay-{source_id}",
        "method": "card",
        "custodian": "provider",
        "provider": "stripe",
        "reference": f"pi_3{source_id}Kq",
        "status": "captured",
        "currency": "EUR",
        "authorized": total,
        "captured": total,
    }
    document: dict[str, Any] = {
        "id": source_id,
        "label": label,
        "permalink_url": f"https://shop.example/admin/orders/{source_id}",
        "currency": "EUR",
        "buyer": {"first_name": first, "last_name": last, "email": f"{first.lower()}@example.org"},
        "line_items": [
            {
                "id": f"l{n}",
                "item": {"sku": sku, "title": title, "price": price},
                "quantity": {"original": 1, "total": 1},
            }
            for n, (sku, title, price) in enumerate(chosen, 1)
        ],
        "fulfillment": {
            "expectations": [
                {
                    "id": "ship",
                    "line_items": [{"id": f"l{n}", "quantity": 1} for n in range(1, len(chosen) + 1)],
                    "destination": {
                        "first_name": first,
                        "last_name": last,
                        "street_address": street,
                        "address_locality": town,
                        "postal_code": code,
                        "address_country": country,
                    },
                }
            ]
        },
        "totals": [
            {"type": "subtotal", "amount": total - 690},
            {"type": "fulfillment", "amount": 690},
            {"type": "total", "amount": total},
        ],
        "payments": [payment | said.pop("payment", {})],
        "placed_at": placed_at,
    }
    return Order.model_validate(document | said)


class Hand:
    """Writes one order's book the way the flow would have."""

    def __init__(self, book: Book, at: datetime) -> None:
        self.book, self.at = book, at

    @property
    def order(self) -> Order:
        assert self.book.order is not None
        return self.book.order

    def begin(self, order: Order, disposition: str = "active") -> None:
        self.book.order, self.book.version, self.book.disposition = order, 1, disposition
        if disposition == "active":
            self.book.runs["fulfil-order"] = Run("fulfil-order", "fulfil-order", "placed", "0" * 64, self.at)
            self.book.note(self.at, self.book.connection, "received", "The order was received.")

    def group(self, method: str, connection: str | None, lines: tuple[str, ...]) -> Group:
        name = f"{method}-{connection or 'hub'}-1"
        self.book.groups[name] = Group(name, method, connection, None, dict.fromkeys(lines, 1), sent=True)
        return self.book.groups[name]

    def parcel(self, group: Group, number: str, carrier: str, *, delivered_after: timedelta | None = None) -> Parcel:
        at = self.tick(minutes=300 if delivered_after else 20)
        parcel = Parcel(digest_of(number.encode())[:12], group.id, dict(group.lines), number, None, carrier, at)
        parcel.delivered_at = at + delivered_after if delivered_after else None
        self.book.parcels[parcel.id] = parcel
        self.book.note(
            at, group.connection or "hub", "parcel", "A parcel left.", tracking_number=number, carrier=carrier
        )
        return parcel

    def tick(self, **passed: float) -> datetime:
        self.at += timedelta(**(passed or {"seconds": 2.4}))
        return self.at

    def step(
        self,
        name: str,
        subject: str,
        state: State,
        connection: str | None = None,
        capability: str | None = None,
        **said: Any,
    ) -> Step:
        """`tries` is a list of (trigger, verdict, code, message); a done step with a capability gets its effect."""
        tries = said.pop("tries", [("scheduled", "done", None, None)] if state is State.DONE and capability else [])
        provider_id = said.pop("provider_id", None)
        amount = said.pop("amount", None)
        step_id = f"fulfil-order/{name}/{subject}"
        step = Step(
            step_id,
            "fulfil-order",
            name,
            subject,
            state,
            capability,
            connection=connection,
            began_at=self.tick(),
            **said,
        )
        self.book.steps[step_id] = step
        if tries and capability and CAPABILITIES[capability].mutating:
            self._intend(step, provider_id, amount)
        for trigger, verdict, code, message in tries:
            self._try(step, trigger, verdict, code, message)
        if state in (State.DONE, State.SKIPPED, State.CANCELLED):
            step.ended_at = self.at
        return step

    def _intend(self, step: Step, provider_id: str | None, amount: int | None) -> None:
        identity = Identity(self.book.key, step.capability or "", step.subject)
        effect = Effect(
            capability=step.capability or "",
            subject=step.subject,
            generation=1,
            step=step.id,
            connection=step.connection or "",
            key=key_of(INSTALL_KEY, identity),
            reference=reference_of(INSTALL_KEY, identity),
            body=b"{}",
            body_digest=digest_of(b"{}"),
            declaration="0" * 64,
            content={},
            intended_at=self.at,
            provider_id=provider_id,
            executed=True if step.state is State.DONE else None,
            settled_at=self.at if step.state is State.DONE else None,
            amount=amount,
            currency="EUR" if amount else None,
        )
        self.book.effects[(effect.capability, effect.subject, 1)] = effect
        step.first_sent = step.last_sent = self.at

    def _try(self, step: Step, trigger: str, verdict: str, code: str | None, message: str | None) -> None:
        started = self.tick()
        step.tries += 1
        transcript = {
            "request": {
                "method": "POST",
                "url": f"https://api.{step.connection}.example/v1/{(step.capability or '').replace('.', '/')}",
                "headers": {
                    "Content-Type": "application/json",
                    "Authorization": "[REDACTED]",
                    "Idempotency-Key": "[REDACTED]",
                },
                "body": {"amount": 3090, "currency": "EUR", "reference": "cd5m2k", "recipient": {"name": "[REDACTED]"}},
            },
            "response": {
                "status": 200 if verdict == "done" else 422 if verdict == "refused" else 503,
                "headers": {"Content-Type": "application/json", "Request-Id": "req_8Zk41"},
                "body": {"id": "ch_31", "status": "succeeded"}
                if verdict == "done"
                else {"error": {"code": code, "message": message}},
            },
        }
        self.book.attempts.append(
            Attempt(step.id, step.tries, trigger, started, self.tick(seconds=0.41), verdict, code, message, transcript)
        )


def add(store: SqlStore, key: str, placed: timedelta, write: Any) -> None:
    at = NOW - placed
    store.change(key, lambda book: write(Hand(book, at + timedelta(seconds=3))), at + timedelta(minutes=1))
