from __future__ import annotations

import pytest

from hub.sandbox.ledger import read_ledgers
from hub.sandbox.mailbox import kind_of
from tests.unit.sandbox.clerk import Clerk

AURORA = "shopify/aurora"


@pytest.mark.parametrize(
    ("subject", "parcel", "kind"),
    [
        ("Order #1001 confirmed", False, "confirmation"),
        ("Thank you", False, "confirmation"),
        ("Your order is on its way", True, "shipped"),
        ("Parcel 1 of 2", True, "shipped"),
        ("Delivered: #1001", True, "delivered"),
        ("Your refund", False, "refunded"),
        ("Order cancelled", False, "cancelled"),
    ],
)
def test_letters_are_told_apart_by_what_they_say(subject: str, parcel: bool, kind: str) -> None:
    assert kind_of(subject, parcel) == kind


def test_a_letter_is_filed_under_its_order_and_parcel(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    clerk.send_to_warehouse(order, "r1")
    clerk.wait(4)
    number = next(iter(clerk.world.desk.parcels))
    assert clerk.mail(order, "On its way", f"https://track.example/{number}", "m1").startswith("250")
    line = read_ledgers(clerk.world.directory)["mailbox"][0]
    assert (line["order"], line["about"], line["parcels"], line["resent"]) == (order.id, "shipped", [number], False)


def test_two_parcels_are_two_events_and_one_subject(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "shipped in two parcels")
    clerk.send_to_warehouse(order, "r1")
    clerk.wait(8)
    for number in clerk.world.desk.parcels:
        clerk.mail(order, "On its way", number, f"m-{number}")
    assert [line["kind"] for line in read_ledgers(clerk.world.directory)["mailbox"]] == ["effect", "effect"]


def test_faults_refuse_or_break_off_before_or_after(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    for kind in ("smtp_4xx", "smtp_drop_before_data", "smtp_drop_after_data"):
        clerk.world.desk.faults.script("mail", kind)
    raw = f"To: {order.email}\r\nSubject: Thanks\r\nMessage-ID: <m1@x>\r\n\r\nHello\r\n".encode()
    answers = [clerk.world.mail("a@x.example", [order.email], raw, clerk.clock.now) for _ in range(4)]
    assert [(each.reply[:3], each.drop) for each in answers] == [
        ("451", False),
        ("", True),
        ("250", True),
        ("250", False),
    ]
    lines = read_ledgers(clerk.world.directory)["mailbox"]
    assert [(line["kind"], line["resent"]) for line in lines] == [("effect", False), ("effect", True)]
