"""What may be shown of what passed over the wire."""

from __future__ import annotations

import base64
import gzip
import json
import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.wire import redact

CARD = "4242424242424242"


def test_the_corpus(shared: Path):
    lines = (shared / "corpora/attacks/redaction.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    for written, expected in rows:
        value = written.replace("\\u00a0", "\u00a0")
        if expected.startswith("[PAN ****") and "+" not in expected:
            assert redact.text(value) == expected
        elif expected.startswith("unchanged"):
            assert redact.text(value) == value
    assert redact.text("Authorization: Bearer abc.def.ghi") == "[REDACTED]"
    assert redact.text("https://user:pass@host/x?api_key=abc") == "https://[REDACTED]@host/x?api_key=[REDACTED]"
    assert redact.text("jon@doe.example") == "j***@d***"
    note = redact.text("note: my card is 5555555555554444 exp 12/30 cvv 123")
    assert "[PAN ****4444]" in note and "123" not in note


@pytest.mark.parametrize(
    "token", ["sk_live_" + "a1" * 12, "whsec_" + "Zm9v" * 8, "shpat_" + "0f" * 16, "ck_" + "ab" * 20]
)
def test_known_credentials_vanish(token):
    assert token not in redact.text(f"error near {token}, sorry")
    assert token not in redact.text(json.dumps({"key": token}))


@pytest.mark.parametrize("secret", [CARD, "jon@doe.example", "Authorization: Bearer abc.def.ghi"])
def test_encoded_copies_vanish_too(secret):
    packed = base64.b64encode(gzip.compress(f"was {secret}".encode(), mtime=0)).decode()
    for copy in (quote(secret, safe=""), base64.b64encode(f"was {secret}".encode()).decode(), packed):
        shown = redact.text(f"provider said {copy} and more")
        assert copy not in shown or copy == secret
        assert secret not in shown


def test_secrets_in_use_vanish_wherever_they_stand():
    shown = redact.text(
        "token hunter2hunter2 refused, " + base64.b64encode(b"hunter2hunter2").decode(), ["hunter2hunter2"]
    )
    assert "hunter2" not in shown and "aHVudGVy" not in shown


def test_control_characters_are_spelled_out():
    shown = redact.text("ok\n2026-01-01 INFO payment captured \x1b[2J \u2028 \u202e")
    assert not set(shown) & set("\n\x1b\u2028\u202e")


def test_a_body_shows_named_fields_alone():
    raw = json.dumps(
        {
            "id": "pi_1", "amount": 1999, "card": {"number": CARD, "name": "Eve Example"}, "email": "eve@home.example",
            "error": {"message": f"card {CARD} declined", "code": "card_declined"},
            "items": [{"sku": "A", "note": "x"}],
        }
    ).encode()  # fmt: skip
    shown = redact.body(raw)
    assert shown["id"] == "pi_1" and shown["amount"] == 1999
    assert shown["card"] == {"number": "[REDACTED]", "name": "[REDACTED]"}
    assert shown["email"] == "[REDACTED]"
    assert shown["error"] == {"message": "card [PAN ****4242] declined", "code": "card_declined"}
    assert shown["items"] == [{"sku": "A", "note": "[REDACTED]"}]
    assert redact.body(raw, allow={"name"})["card"]["name"] == "Eve Example"


def test_a_card_number_as_a_number_is_a_card_number():
    assert redact.body(json.dumps({"id": int(CARD), "total": 5500000000001}).encode()) == {
        "id": "[PAN ****4242]",
        "total": 5500000000001,
    }


def test_a_large_body_is_shown_in_part():
    shown = redact.fields({"items": [{"id": n, "deep": {"state": "x"}} for n in range(1000)]})
    assert shown["items"][0] == {"id": 0, "deep": {"state": "x"}}
    assert len(json.dumps(shown)) < 12_000


def test_a_decimal_is_shown_as_its_digits():
    assert redact.fields({"total": Decimal("19.90")}) == {"total": "19.90"}


@pytest.mark.parametrize("text", ["a-" * 2048, "a@" * 2048, "%41" * 1365, "1 " * 2048, "token" * 800, "://a" * 1000])
def test_no_text_takes_long(text: str):
    started = time.process_time()
    redact.text(text)
    assert time.process_time() - started < 0.2


def test_what_is_not_json_is_measured_and_not_shown():
    assert redact.body(b"<html>secret") == "[12 bytes, not JSON]"
    assert redact.body(b"[" * 100_000) == "[100000 bytes, not JSON]"


def test_headers_and_urls():
    assert redact.headers({"Authorization": "Bearer x", "Request-Id": "r"}) == {
        "Authorization": "[REDACTED]",
        "Request-Id": "r",
    }
    assert redact.url("https://a.example/x?key=1&q=eve") == "https://a.example/x?key=[REDACTED]&q=[REDACTED]"


@pytest.mark.parametrize(
    "written",
    [
        f"{CARD} 12/30", f"{CARD} 123", f"12 {CARD}", f"{CARD}.0", f"order 7 {CARD} 2 of 3", f"0000 {CARD} 0000",
        "1 4242 4242 4242 4242 12 2030 123", f"token={CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}",
        "x " * 2042 + CARD, "x" * 4090 + " " + CARD, "x " * 2040 + "4242 4242 4242 4242 and more " * 9,
    ],
)  # fmt: skip
def test_a_card_number_goes_whatever_stands_beside_it(written: str):
    """Other digits beside it made it too long to be one, and the end of what is shown cut it in two."""
    shown = redact.text(written)
    assert "42424242" not in "".join(character for character in shown if character.isdigit())


def test_two_cards_are_two():
    assert redact.text(f"{CARD} 378282246310005") == "[PAN ****4242] [PAN ****0005]"


def test_numbers_that_only_lie_side_by_side_stay():
    for written in ("2026 01 31 09 30 00 12", "9400 1002 0830 3109 5056 88"):
        assert redact.text(written) == written


SECRET = "hunter/2 hunter+2"


@pytest.mark.parametrize(
    "written",
    [
        quote(SECRET, safe=""), quote(SECRET), json.dumps(SECRET), base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "a/" + base64.b64encode(SECRET.encode()).decode(), base64.urlsafe_b64encode(f"x{SECRET}".encode()).decode(),
        "a-a-a-" + base64.b64encode(gzip.compress(SECRET.encode(), mtime=0)).decode(), "x " * 2045 + SECRET,
    ],
)  # fmt: skip
def test_a_secret_in_use_goes_however_it_is_spelled(written: str):
    shown = redact.text(written, [SECRET])
    assert "hunter" not in shown
    assert written[-24:] not in shown


def test_a_secret_as_the_name_of_a_field_goes_too():
    assert "hunter" not in json.dumps(redact.fields({SECRET: 1, "a": [{f"x{SECRET}": 2}]}, (), [SECRET]))
