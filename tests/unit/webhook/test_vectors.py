"""The vendors' own verdicts, and our corpus of attacks: each is met, or exceeded for a reason that stands here."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from hub.webhook.headers import Headers
from hub.webhook.load import load_folder
from hub.webhook.secret import UnusableSecret
from hub.webhook.verdict import Reason

SOURCES = load_folder(Path(__file__).parents[3] / "webhooks")

# How the folders and the corpus call our sources, where they use another name.
NAMES = {"standardwebhooks": "standard-webhooks"}

# (source, case): the vendor's library accepts it, we refuse it, and why.
STRICTER = {
    ("stripe", "timestamp_now+301s"): (
        Reason.TIMESTAMP_FUTURE,
        "the vendor's window has one side; a delivery dated ahead could be replayed for as long",
    ),
    ("standardwebhooks", "timestamp_float"): (
        Reason.TIMESTAMP_MALFORMED,
        "the specification says integer seconds; a looser reading lets one instant be written in many ways",
    ),
}
EMPTY_SECRET = (Reason.NO_KEY, "an empty secret signs for everybody, so it is a fault of configuration, not a key")


def judge(source: str, secrets: list[str], headers: Any, body: bytes, now: int) -> Reason:
    verifier = SOURCES[NAMES.get(source, source)].verifier
    try:
        keys = verifier.keys(secrets)
    except UnusableSecret:
        keys = ()
    pairs = headers.items() if isinstance(headers, dict) else [(name, value) for name, value in headers]
    return verifier.verify(Headers(pairs), body, keys, now)


def stricter(source: str, case: dict[str, Any]) -> tuple[Reason, str] | None:
    if source == "woocommerce" and case["secret"] == "" and case["expected"] == "valid":
        return EMPTY_SECRET
    return STRICTER.get((source, case["name"]))


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "stripe", "standardwebhooks", "easypost"])
def test_vendor_vectors(source: str, shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / f"{source}.json").read_text())
    wrong = []
    for case in vectors["cases"]:
        now = case.get("now") or vectors["now"] or 0
        reason = judge(source, [case["secret"]], case["headers"], b64decode(case["body_b64"]), now)
        exception = stricter(source, case)
        expected = exception[0] if exception else Reason.VERIFIED if case["expected"] == "valid" else None
        if reason is not expected and not (expected is None and not reason.verified):
            wrong.append((case["name"], reason, expected))
    assert wrong == []


def test_every_stricter_case_is_still_in_the_vectors(shared: Path) -> None:
    for source, name in STRICTER:
        cases = json.loads((shared / "vectors" / f"{source}.json").read_text())["cases"]
        assert [case["expected"] for case in cases if case["name"] == name] == ["valid"], (source, name)


def test_attack_corpus(shared: Path) -> None:
    cases = json.loads((shared / "corpora" / "attacks" / "signature_vectors.json").read_text())
    assert len(cases) >= 50
    wrong = []
    for case in cases:
        reason = judge(case["scheme"], case["secrets"], case["headers"], b64decode(case["body_b64"]), case["now"])
        if reason.verified is not (case["expect"] == "accept"):
            wrong.append((case["name"], reason, case["expect"], case["why"]))
    assert wrong == []


# What the corpus refuses must be refused for the right reason: a verifier that always fails would pass it too.
REASONS = {
    "sw_ts_-301": Reason.TIMESTAMP_STALE,
    "sw_ts_+301": Reason.TIMESTAMP_FUTURE,
    "sw_ts_unicode_digits": Reason.TIMESTAMP_MALFORMED,
    "sw_ts_underscore": Reason.TIMESTAMP_MALFORMED,
    "sw_ts_huge": Reason.HEADER_TOO_LONG,
    "sw_id_with_dot": Reason.ID_MALFORMED,
    "sw_dup_sig_header": Reason.HEADER_REPEATED,
    "sw_dup_id_header": Reason.HEADER_REPEATED,
    "sw_missing_id": Reason.HEADER_MISSING,
    "sw_no_secret": Reason.NO_KEY,
    "sw_empty_secret": Reason.NO_KEY,
    "sw_1000_sigs": Reason.HEADER_TOO_LONG,
    "sw_non_ascii_sig": Reason.SIGNATURE_MISMATCH,
    "stripe_future": Reason.TIMESTAMP_FUTURE,
    "stripe_two_t": Reason.TIMESTAMP_MALFORMED,
    "stripe_v0_only": Reason.SIGNATURE_MALFORMED,
    "shopify_hex": Reason.SIGNATURE_MALFORMED,
    "shopify_missing": Reason.HEADER_MISSING,
}


def test_attacks_are_refused_for_the_right_reason(shared: Path) -> None:
    cases = json.loads((shared / "corpora" / "attacks" / "signature_vectors.json").read_text())
    found = {
        case["name"]: judge(case["scheme"], case["secrets"], case["headers"], b64decode(case["body_b64"]), case["now"])
        for case in cases
        if case["name"] in REASONS
    }
    assert found == REASONS
