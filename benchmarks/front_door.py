"""What the front door costs: CPU of one delivery without the store, against a bare WSGI application in the same run.

    python benchmarks/front_door.py [--rounds N] [--json]

The delivery is a signed order of 6 KB. `bare` answers 200 without looking; `read` also reads the body; the others are
the front door with each source's checks and an inbox that forgets at once. Times are microseconds of CPU for one
delivery, the best of several rounds, because on a busy machine only the best says something about the code.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from hmac import digest
from io import BytesIO
from pathlib import Path
from typing import Any

from hub.model.message import Delivery, Kept
from hub.webhook.load import load_folder
from hub.webhook.receiver import Endpoint, WebhookFrontDoor

BODY_BYTES = 6 * 1024
BATCH = 500
NOW = datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC)
SIGNS_WITH = "bGFyY2gtYW5kLWxvYW0tc2lnbnMtd2VsbA=="
TOPICS = {
    "shopify": {"X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": "larch.myshopify.com"},
    "woocommerce": {"X-WC-Webhook-Topic": "order.created", "X-WC-Webhook-Delivery-ID": "1"},
    "stripe": {},
    "shipbob": {"x-webhook-topic": "order.shipped", "webhook-id": "msg_1"},
    "easypost": {},
}


class Forgetful:
    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        return Kept.NEW

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        raise NotImplementedError


class Catalogue(dict[str, Endpoint]):
    def endpoint(self, connection: str) -> Endpoint | None:
        return self.get(connection)


def order() -> bytes:
    lines: list[dict[str, object]] = []
    while len(json.dumps({"id": 1, "line_items": lines})) < BODY_BYTES:
        lines.append({"id": len(lines), "sku": f"SKU-{len(lines)}", "title": "A larch board", "price": "19.90"})
    return json.dumps(
        {"id": 1, "type": "charge.captured", "description": "tracker.updated", "line_items": lines}
    ).encode()


def signed(scheme: str, key: bytes, body: bytes, headers: dict[str, str]) -> str:
    at = int(NOW.timestamp())
    if scheme == "stripe_v1":
        return f"t={at},v1={digest(key, b'%d.' % at + body, 'sha256').hex()}"
    if scheme == "standard_webhooks":
        headers["webhook-timestamp"] = str(at)
        return "v1," + b64encode(digest(key, f"{headers['webhook-id']}.{at}.".encode() + body, "sha256")).decode()
    if scheme == "easypost":
        return f"hmac-sha256-hex={digest(key, body, 'sha256').hex()}"
    return b64encode(digest(key, body, "sha256")).decode()


def environ(headers: dict[str, str], body: bytes, connection: str) -> dict[str, Any]:
    usual = {"Host": "hub.example", "User-Agent": "a shop", "Accept": "*/*", "X-Forwarded-For": "192.0.2.1"}
    named = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in (usual | headers).items()}
    return named | {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/webhooks/{connection}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }


def bare(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def reading(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return bare(environ, start_response)


def measure(app: Callable[..., Iterable[bytes]], given: dict[str, Any], body: bytes, rounds: int) -> float:
    """Best microseconds of CPU for one request."""
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        statuses.append(status)

    best = float("inf")
    for _ in range(rounds):
        requests = [given | {"wsgi.input": BytesIO(body)} for _ in range(BATCH)]
        began = time.thread_time()
        for request in requests:
            app(request, start_response)
        best = min(best, (time.thread_time() - began) / BATCH * 1e6)
    if set(statuses) != {"200 OK"}:
        raise SystemExit(f"not every delivery was accepted: {set(statuses)}")
    return best


def run(rounds: int) -> dict[str, float]:
    sources = load_folder(Path(__file__).parents[1] / "webhooks")
    body = order()
    catalogue = Catalogue()
    door = WebhookFrontDoor(bare, catalogue, Forgetful(), lambda: NOW)
    plain = environ({}, body, "nobody")
    results = {"bare": measure(bare, plain, body, rounds), "read": measure(reading, plain, body, rounds)}
    for name, topics in TOPICS.items():
        manifest, verifier = sources[name].manifest, sources[name].verifier
        keys = verifier.keys([SIGNS_WITH])
        catalogue[name] = Endpoint(name, sources[name], keys, {"shop_domain": "larch.myshopify.com"})
        headers = dict(topics)
        headers[manifest.signature.headers["signature"]] = signed(manifest.signature.scheme, keys[0], body, headers)
        results[name] = measure(door, environ(headers, body, name), body, rounds)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = run(options.rounds)
    if options.json:
        sys.stdout.write(json.dumps({name: round(value, 2) for name, value in results.items()}) + "\n")
        return
    for name, value in results.items():
        sys.stdout.write(f"{name:12} {value:7.1f} us   {value / results['bare']:6.1f} x bare\n")


if __name__ == "__main__":
    main()
