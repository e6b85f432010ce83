"""What one order's ledgers say about it. Each check yields (count, why): the verdict's key and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.model.money import major
from hub.sandbox.evidence import Evidence, Line

Finding = tuple[str, str]
MISSING, WRONG = "missing_effect", "wrong_effect"


class Case:
    """One order: its truth, its effects, and whether the hub claims to be done with it (`done`)."""

    def __init__(self, evidence: Evidence, order: Line, state: str) -> None:
        self.evidence, self.order, self.state = evidence, order, state
        self.expect: str = order["expect"]
        self.parcels = evidence.parcels_of(order["id"])

    @property
    def done(self) -> bool:
        return self.state in ("completed", "cancelled")

    @property
    def completes(self) -> bool:
        """The hub says completed, and that is a right end for this order: every effect must then be there."""
        return self.state == "completed" and "completed" in self.expect

    @property
    def idle(self) -> bool:
        """Nothing may be shipped for this order."""
        return self.expect in ("held", "waiting", "untouched")

    def of(self, effect: str) -> list[Line]:
        return self.evidence.of(self.order["id"], effect)

    def findings(self) -> Iterator[Finding]:
        yield from charge(self)
        yield from given_back(self)
        yield from warehouse(self)
        yield from labels(self)
        yield from announcements(self)
        yield from letters(self)
        if self.state == "completed" and self.expect in ("held", "waiting", "untouched"):
            yield WRONG, f"the hub says completed, but it should be {self.expect}"


def charge(case: Case) -> Iterator[Finding]:
    """Captured once, by whoever holds the money, to the last minor unit; and nobody else."""
    order, captures = case.order, case.of("payment.capture")
    custodian = {"authorized": order["prefix"].split("/")[0], "stripe": "stripe"}.get(order["means"])
    if len(captures) > 1:
        yield "charged_twice", f"captured {len(captures)} times"
    for line in captures:
        where = line["ledger"].split("/")[0]
        if custodian is None or case.expect in ("waiting", "untouched"):
            yield WRONG, f"captured at {where}, where nothing was to be captured"
        elif where != custodian:
            yield WRONG, f"captured at {where} instead of {custodian}"
        elif (line["amount"], line["currency"]) != (order["amount"], order["currency"]):
            wanted = f"{major(order['amount'], order['currency'])} {order['currency']}"
            yield WRONG, f"captured {line['amount']} {line['currency']} (minor units) instead of {wanted}"
    if case.completes and custodian and not captures:
        yield MISSING, f"not captured at {custodian}"
    for line in case.of("payment.mark"):
        yield WRONG, f"marked as paid at {line['ledger']}"


def given_back(case: Case) -> Iterator[Finding]:
    """The stories' refunds are made in the storefront: the hub is told of them and repeats none."""
    refunds = case.of("payment.refund")
    if len(refunds) > case.order["expected_refunds"]:
        yield WRONG, f"the hub gave money back {len(refunds)} times, {case.order['expected_refunds']} were asked of it"
    if case.of("payment.void") and case.expect != "cancelled":
        yield WRONG, "the hub released an authorisation that was still needed"


def warehouse(case: Case) -> Iterator[Finding]:
    """The warehouse's group was ordered once, with the right goods for the right door, or not at all."""
    wanted, live = case.order["warehouse"], live_orders(case)
    if not live:
        if case.completes and wanted:
            yield MISSING, "never sent to the warehouse"
        return
    if case.idle:
        yield WRONG, f"sent to the warehouse although it should be {case.expect}"
        return
    if case.expect == "cancelled":
        left = any(parcel["prefix"].startswith("shipbob/") for parcel in case.parcels)
        if case.done or left:
            yield WRONG, "cancelled at the store, and still at the warehouse"
        return
    sums: dict[str, int] = {}
    for line in live:
        for sku, units in line["lines"].items():
            sums[sku] = sums.get(sku, 0) + units
    if len(live) > 1 and any(units > wanted.get(sku, 0) for sku, units in sums.items()):
        yield "shipped_twice", f"{len(live)} warehouse orders for the same goods"
    elif sums != wanted and (case.completes or not case.expect.endswith("held")):
        yield WRONG, f"the warehouse was sent {sums} instead of {wanted}"
    for line in live:
        yield from recipient(case, line, "warehouse order")
        yield from to_collect(case, line)


def live_orders(case: Case) -> list[Line]:
    """Warehouse orders that were not cancelled whole."""
    gone = {line["id"] for line in case.of("fulfillment.cancel") if line["result"] == "Success"}
    return [line for line in case.of("fulfillment.create") if line["id"] not in gone]


def live_labels(case: Case) -> list[Line]:
    """Labels that were not given back."""
    gone = {line["id"] for line in case.of("label.refund")}
    return [line for line in case.of("label.buy") if line["id"] not in gone]


def recipient(case: Case, line: Line, what: str) -> Iterator[Finding]:
    """The right name and the right door. The door before a late edit is forgiven where the hub holds the order."""
    if folded(line["name"]) != folded(case.order["recipient"]):
        yield WRONG, f"{what} for another recipient"
    door, asked = folded_place(line["address"]), folded_place(case.order["address"])
    if door != asked:
        old = [folded_place(each) for each in case.order["past_addresses"]]
        if door not in old:
            yield WRONG, f"{what} to an address the order never had"
        elif case.state != "held":
            yield WRONG, f"{what} to the address before the edit"


def to_collect(case: Case, line: Line) -> Iterator[Finding]:
    """Cash on delivery: the amount must reach whoever stands at the door."""
    if case.order["means"] == "cod":
        amount = major(case.order["total"], case.order["total_currency"])
        told = [line["total"], *line["tags"].values()]
        if not any(amount in each or amount.rstrip("0").rstrip(".") == each for each in told):
            yield WRONG, f"cash on delivery, and the warehouse was not told to collect {amount}"


def labels(case: Case) -> Iterator[Finding]:
    """The merchant's own group was labelled once; the warehouse's never."""
    wanted, live = case.order["self"], live_labels(case)
    if not live:
        if case.completes and wanted:
            yield MISSING, "no label was bought"
        return
    if case.idle:
        yield WRONG, f"a label was bought although it should be {case.expect}"
    elif case.expect == "cancelled":
        moved = any(parcel["prefix"].startswith("easypost/") for parcel in case.parcels)
        if case.done or (moved and not _came_too_late(case, live)):
            yield WRONG, "cancelled at the store, and its label was kept"
    elif not wanted:
        what = (
            "shipped by the warehouse and labelled by the carrier too"
            if case.order["warehouse"]
            else "labelled for nothing"
        )
        yield "shipped_twice" if case.order["warehouse"] else WRONG, what
    else:
        if len(live) > 1:
            yield "labelled_twice", f"{len(live)} labels for one group"
        for line in live:
            yield from recipient(case, line, "label")


def _came_too_late(case: Case, live: list[Line]) -> bool:
    """The carrier had the parcel when each label was to be given back, and the hub has left the order to a person."""
    refused = {line["id"] for line in case.evidence.refused if line["effect"] == "label.refund"}
    return case.state == "held" and all(line["id"] in refused for line in live)


def announcements(case: Case) -> Iterator[Finding]:
    """Every parcel's tracking is written back, once, with its own goods; and complete means complete."""
    written = case.of("shipment.announce")
    numbers = [line["tracking"] for line in written]
    known = {parcel["number"]: parcel for parcel in case.parcels}
    bought = {line["tracking"] for line in case.of("label.buy")}
    for line in written:
        parcel = known.get(line["tracking"])
        if parcel is None and line["tracking"] not in bought and _ships(line):
            yield WRONG, f"tracking {line['tracking'] or '(none)'} was written back, which no parcel has"
        elif parcel is not None and "lines" in line and line["lines"] != parcel["lines"]:
            yield WRONG, f"parcel {line['tracking']} was written back with {line['lines']} instead of {parcel['lines']}"
    for number in {number for number in numbers if number and numbers.count(number) > 1}:
        yield WRONG, f"tracking {number} was written back {numbers.count(number)} times"
    if case.completes:
        for number in known:
            if number not in numbers:
                yield MISSING, f"parcel {number} was never written back"
        yield from unsent(case, known)
    yield from false_complete(case, written, known)


def _ships(line: Line) -> bool:
    """A fulfilment of nothing but downloads has no parcel."""
    return any(not sku.startswith("DIG-") for sku in line.get("lines", {"?": 1}))


def unsent(case: Case, known: dict[str, Line]) -> Iterator[Finding]:
    """An order that is called completed has left the house."""
    wanted = sum(case.order["warehouse"].values()) + sum(case.order["self"].values())
    gone = sum(sum(parcel["lines"].values()) for parcel in known.values())
    labelled = sum(case.order["self"].values()) if live_labels(case) else 0
    if gone < wanted and gone + labelled < wanted:
        yield WRONG, f"called completed with {wanted - gone} of {wanted} units still in the house"


def false_complete(case: Case, written: list[Line], known: dict[str, Line]) -> Iterator[Finding]:
    """The storefront's own status may say completed only after the last parcel was written back."""
    for status in case.of("order.status"):
        if status["status"] == "completed":
            before = {line["tracking"] for line in written if line["at"] <= status["at"]}
            if set(known) - before:
                yield WRONG, "the storefront was told completed before the last parcel was written back"


def letters(case: Case) -> Iterator[Finding]:
    """One confirmation, one letter a parcel, each under one Message-ID; the storefront writes none of them too."""
    mails = case.of("notification.send")
    events: dict[tuple[str, str], set[str]] = {}
    for line in mails:
        events.setdefault((line["about"], " ".join(line["parcels"])), set()).add(line["message_id"])
    for (about, _), identities in events.items():
        if len(identities) > 1:
            yield "mailed_twice", f"{len(identities)} different {about} mails for one event"
    if any(line["resent"] for line in mails):
        yield "mail_resent", "a mail was sent again under the same Message-ID"
    if case.expect == "untouched" and mails:
        yield WRONG, "a mail was sent for an order that is none of the hub's business"
    if any(line.get("notify") for line in case.of("shipment.announce")) and any(
        about == "shipped" for about, _ in events
    ):
        yield "mailed_twice", "the storefront was told to mail what the hub mailed"
    if case.completes:
        if not any(about == "confirmation" for about, _ in events):
            yield MISSING, "no confirmation was mailed"
        told = {number for line in mails if line["about"] == "shipped" for number in line["parcels"]}
        for parcel in case.parcels:
            if parcel["number"] not in told:
                yield MISSING, f"nobody told the buyer that parcel {parcel['number']} left"


def folded(text: Any) -> str:
    return " ".join(str(text or "").casefold().split())


def folded_place(address: Any) -> tuple[str, ...]:
    return tuple(folded((address or {}).get(part)) for part in ("street", "city", "zip", "country"))
