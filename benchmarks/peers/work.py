"""The work, as one writes it by hand: verify a delivery, make the canonical order, make a call. Shared by all peers."""

from __future__ import annotations

import json
import os
import threading
from base64 import b64encode
from hashlib import sha256
from hmac import compare_digest, digest

import requests

SECRET = os.environ["BENCH_SECRET"].encode()
PROVIDERS = os.environ["BENCH_PROVIDERS"]
STEPS = ("charge", "warehouse", "label", "mail")
_here = threading.local()


def signed(signature: str, body: bytes) -> bool:
    """Whether the storefront signed the delivery."""
    return compare_digest(b64encode(digest(SECRET, body, sha256)).decode(), signature)


def cents(text: str) -> int:
    """Minor units of an amount with two decimals."""
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int((rest + "00")[:2])


def canonical(body: bytes) -> dict:
    """The order as the rest of the program knows it, whatever storefront it came from."""
    source = json.loads(body)
    to, billing = source["shipping"], source["billing"]
    return {
        "id": str(source["id"]),
        "label": f"#{source['number']}",
        "currency": source["currency"],
        "total": cents(source["total"]),
        "payment": source["transaction_id"],
        "email": billing["email"],
        "destination": {
            "name": f"{to['first_name']} {to['last_name']}",
            "street": to["address_1"],
            "city": to["city"],
            "region": to["state"],
            "postal_code": to["postcode"],
            "country": to["country"],
            "phone": to["phone"] or billing["phone"],
        },
        "lines": [
            {"id": str(line["id"]), "sku": line["sku"], "title": line["name"], "quantity": line["quantity"],
             "price": cents(line["subtotal"]) // line["quantity"]}
            for line in source["line_items"]
        ],
        "placed_at": source["date_created_gmt"] + "Z",
    }  # fmt: skip


def body_of(step: str, order: dict) -> dict:
    """What one provider is told."""
    reference = f"{order['id']}-{step}"
    if step == "charge":
        return {
            "reference": reference,
            "amount": order["total"],
            "currency": order["currency"],
            "payment": order["payment"],
        }
    if step == "warehouse":
        lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in order["lines"]]
        return {"reference": reference, "recipient": order["destination"], "products": lines}
    if step == "label":
        return {"reference": reference, "to_address": order["destination"], "parcel": {"weight_grams": 500}}
    lines = "\n".join(f"{line['quantity']} x {line['title']}" for line in order["lines"])
    return {"reference": reference, "to": order["email"], "subject": f"Your order {order['label']}", "text": lines}


def headers_of(step: str, order: dict) -> dict:
    """The payment provider has idempotency keys, and its documentation says to use them."""
    return {"Idempotency-Key": f"{order['id']}-{step}"} if step == "charge" else {}


def call(step: str, order: dict) -> str:
    """One call; the provider's id. Raises for a 5xx and where no answer came, so that the queue tries again."""
    if not hasattr(_here, "session"):
        _here.session = requests.Session()
    answer = _here.session.post(
        f"{PROVIDERS}/{step}/{order['id']}", json=body_of(step, order), headers=headers_of(step, order), timeout=10
    )
    answer.raise_for_status()
    return answer.json()["id"]
