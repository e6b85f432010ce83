"""What the sandbox's providers sign is what the shipped sources verify: neither was written from the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.sandbox import signing
from hub.webhook.headers import Headers
from hub.webhook.load import load_folder
from hub.webhook.verdict import Reason

SOURCES = load_folder(Path(__file__).parents[3] / "webhooks")
NOW = 1_790_000_000
BODY = b'{"id": "evt_1", "type": "charge.captured"}'
SIGNED = {
    "shopify": ("birch & bark", signing.shopify(BODY, "birch & bark")),
    "woocommerce": ("birch & bark", signing.woocommerce(BODY, "birch & bark")),
    "stripe": ("invented", signing.stripe(BODY, "invented", NOW)),
    "shipbob": (
        "whsec_cm93YW4td2FyZWhvdXNlLXNlY3JldC0wMQ==",
        signing.standard(BODY, "whsec_cm93YW4td2FyZWhvdXNlLXNlY3JldC0wMQ==", "msg_1", NOW),
    ),
    "easypost": ("s\u00e9cret", signing.easypost(BODY, "s\u00e9cret")),
}


@pytest.mark.parametrize("name", SIGNED)
def test_the_sandbox_is_believed(name: str) -> None:
    secret, headers = SIGNED[name]
    verifier = SOURCES[name].verifier
    assert verifier.verify(Headers(headers), BODY, verifier.keys([secret]), NOW) is Reason.VERIFIED
    assert not verifier.verify(Headers(headers), BODY + b" ", verifier.keys([secret]), NOW).verified
