"""Card numbers are truncated before anything is stored; ids that look like them stay whole."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from hub.wire.card import groups_of_card, is_card, truncated

VISA, MASTERCARD, AMEX, DINERS = "4111111111111111", "5500005555555559", "378282246310005", "30569309025904"
OLD_VISA = "4222222222222"  # 13 digits


def told(document: Any) -> Any:
    """A JSON body as it would be stored, decoded; the number of bytes must not have changed."""
    body = json.dumps(document).encode()
    stored = truncated(body)
    assert len(stored) == len(body)
    return json.loads(stored)


@pytest.mark.parametrize("number", [VISA, MASTERCARD, AMEX, DINERS, "6011111111111117", "6759649826438453"])
def test_a_card_in_a_text_keeps_six_and_four(number: str) -> None:
    hidden = number[:6] + "*" * (len(number) - 10) + number[-4:]
    assert told({"note": f"please use {number}, thanks"}) == {"note": f"please use {hidden}, thanks"}


@pytest.mark.parametrize(
    ("written", "hidden"),
    [
        ("4111 1111 1111 1111", "4111 11** **** 1111"),
        ("4111-1111-1111-1111 12/30 123", "4111-11**-****-1111 12/30 123"),
        ("4111111111111111 12/30", "411111******1111 12/30"),
        ("3782 822463 10005", "3782 82**** *0005"),
        ("my card:\n4111111111111111\tVisa", "my card:\n411111******1111\tVisa"),
        ("4111\u00a01111\u00a01111\u00a01111", "4111\u00a011**\u00a0****\u00a01111"),
        ("4111111111111111 and 5500005555555559", "411111******1111 and 550000******5559"),
        ('{"card": "4111111111111111"}', '{"card": "411111******1111"}'),
        ("12 4111 1111 1111 1111", "12 4111 11** **** 1111"),
    ],
)
def test_a_card_as_people_write_it(written: str, hidden: str) -> None:
    assert told({"note": written}) == {"note": hidden}
    raw = json.dumps({"note": written}, ensure_ascii=False).encode()
    assert json.loads(truncated(raw)) == {"note": hidden}


def test_digits_that_are_escaped_are_digits() -> None:
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in VISA)
    stored = truncated(f'{{"note":"{escaped}"}}'.encode())
    assert len(stored) == len(escaped) + len('{"note":""}')
    assert json.loads(stored) == {"note": "411111******1111"}


@pytest.mark.parametrize(
    "document",
    [
        {"id": int(MASTERCARD)},
        {"variant_id": int(DINERS), "line_items": [int(MASTERCARD)]},
        {"admin_graphql_api_id": f"gid://shopify/Order/{MASTERCARD}"},
        {"order_status_url": f"https://shop.example/{MASTERCARD}/authenticate?key=x"},
        {"shipping_provider_id": MASTERCARD, "orderIds": [MASTERCARD], "sourceId": MASTERCARD},
        {"tracking_number": AMEX, "trackingNumbers": [AMEX], "tracking": {"number": VISA}},
        {"barcode": DINERS, "sku": VISA, "payment_reference": VISA, "cart_token": VISA},
        {"phone": "+4915112345678", "billing": {"phone": f"+{AMEX}"}},
        {"note": "4111111111111112"},
        {"note": f"GB{VISA}", "name": f"order_{VISA}", "label": f"#{VISA}"},
        {"note": OLD_VISA},
        {"amount": 4111111111111111},
        {"created_at": "2026-03-01T10:00:00.000000", "total": "4111.11"},
    ],
)
def test_what_only_looks_like_a_card_stays_whole(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    assert truncated(body) is body


@pytest.mark.parametrize(
    "name", ["card_number", "cardNumber", "encryptedCardNumber", "cc_number", "pan", "billing_card_no"]
)
def test_a_field_that_is_named_for_a_card_holds_one(name: str) -> None:
    assert told({name: OLD_VISA}) == {name: "422222***2222"}
    assert told({name: f"test_{VISA}"}) == {name: "test_411111******1111"}
    assert told({name: int(VISA)}) == {name: 4111110000001111}


def test_a_number_is_the_number_of_what_it_stands_in() -> None:
    assert told({"card": {"brand": "x", "number": int(VISA)}}) == {"card": {"brand": "x", "number": 4111110000001111}}
    assert told({"card": {"number": OLD_VISA}}) == {"card": {"number": "422222***2222"}}
    assert told({"order": {"number": VISA}}) == {"order": {"number": "411111******1111"}}


def test_a_gift_cards_number_is_money_of_the_store() -> None:
    assert told({"gift_card_number": OLD_VISA}) == {"gift_card_number": OLD_VISA}


def test_a_telephone_of_sixteen_digits_is_none() -> None:
    assert told({"phone": VISA}) == {"phone": "411111******1111"}


def test_what_is_no_json_is_one_text() -> None:
    assert truncated(f"note=x&card={VISA}&y=1".encode()) == b"note=x&card=411111******1111&y=1"
    assert truncated(f"<note>{VISA}</note>".encode()) == b"<note>411111******1111</note>"
    assert truncated(b"\xff\x00" + VISA.encode()) == b"\xff\x00411111******1111"


def test_what_is_stored_is_still_the_same_document() -> None:
    """Over many bodies: only texts change, they keep their length, and truncating twice changes nothing."""
    dice = random.Random(7)
    for _ in range(400):
        number = dice.choice((VISA, MASTERCARD, AMEX, DINERS, "1234567890123456"))
        document = {
            dice.choice(("note", "id", "value", "name", "phone", "card_number")): dice.choice((number, int(number))),
            "nested": [{"key": number, "text": dice.choice(("", "\\", '"', "\n", "é", ": ")) + number}],
        }
        body = json.dumps(document, ensure_ascii=dice.random() < 0.5).encode()
        stored = truncated(body)
        assert len(stored) == len(body) and truncated(stored) == stored
        assert list(json.loads(stored)) == list(document)
        assert json.loads(stored).get("id", document.get("id")) == document.get("id")


def test_groups() -> None:
    assert groups_of_card([b"12", b"4111", b"1111", b"1111", b"1111", b"30"]) == (1, 5)
    assert groups_of_card([b"4", b"111111111111111"]) is None
    assert not is_card(b"4111111111111112") and not is_card(b"1" * 16)


@pytest.mark.parametrize("text", ["4 " * 100_000, "4111 " * 50_000, "4" * 200_000, '"card_number":"' * 20_000])
def test_a_hostile_body_costs_little(text: str) -> None:
    body = json.dumps({"note": text}).encode()
    began = time.process_time()
    truncated(body)
    assert time.process_time() - began < 3.0


# --- on what shops really send


def payloads(shared: Path) -> list[Path]:
    return [
        path
        for folder in ("payloads", "captures", "hooks")
        for path in sorted((shared / folder).rglob("*.json"))
        if path.is_file() and path.stat().st_size < 1_000_000
    ]


def test_no_real_payload_is_touched(shared: Path) -> None:
    found = payloads(shared)
    assert len(found) > 300
    assert not [path.name for path in found if truncated(raw := path.read_bytes()) is not raw]


def test_a_card_in_the_note_of_a_real_order_is_truncated(shared: Path) -> None:
    count = 0
    for path in payloads(shared):
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(document, dict):
            stored = told(document | {"note": f"charge {VISA} please"})
            assert stored == document | {"note": "charge 411111******1111 please"}
            count += 1
    assert count > 250
