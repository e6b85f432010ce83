from __future__ import annotations

from pathlib import Path

import pytest

from hub.wire.mail import address_fault, value_fault


@pytest.mark.parametrize(
    "address", ["a@b.example", "first.last+tag@sub.shop.example", "o'neil@b.example", "x@bücher.example"]
)
def test_one_plain_address_passes(address: str) -> None:
    assert address_fault(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b, c@d",
        "a@b;c@d",
        "<a@b>",
        "A <a@b>",
        '"a b"@c',
        "a..b@c",
        "a@[1.2.3.4]",
        "a@-b.c",
        "a@b..c",
        "a@b c",
        "x" * 65 + "@b.c",
        "a@" + "b." * 130 + "c",
        "ä@b.c",
        "a@b\n",
        "a(c)@b",
    ],
)
def test_anything_else_does_not(address: str) -> None:
    assert address_fault(address) is not None


@pytest.mark.parametrize("value", ["Ihre Bestellung #1001", "Objednávka č. 5", "ご注文 1001", "=? what", "x" * 900])
def test_ordinary_subjects_pass(value: str) -> None:
    assert value_fault(value) is None


def test_every_known_header_attack_is_refused(shared: Path) -> None:
    rows = (shared / "corpora/attacks/header_mail_injection.tsv").read_text().splitlines()[1:]
    for field, value in (row.split("\t") for row in rows):
        raw = value.encode("latin-1", "backslashreplace").decode("unicode_escape")
        if field == "customer.email":
            assert address_fault(raw), value
        elif field in ("customer.name", "subject") or (field == "header:X-Ref"):
            assert value_fault(raw), value
