"""The deliveries that were recorded from a running WooCommerce, sent again as they were.

    shop = CapturedShop(shared / "captures" / "woocommerce")
    for delivery in shop.deliveries:
        status = delivery.send("127.0.0.1", 8480, "/webhooks/birch")

Every byte of the body and every header in its order and spelling is as recorded; only the request line's path and the
Host are the hub's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CapturedDelivery:
    """One recorded request. `name` is what was done in the shop, such as `partial-refund`; several may share it."""

    number: int
    name: str
    hook: str  # the path it was sent to: each of the shop's two has its own secret
    secret: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def topic(self) -> str | None:
        """None for the ping."""
        return self.header("X-WC-Webhook-Topic")

    @property
    def order_id(self) -> str | None:
        """The order that the body is of; None for other things."""
        return str(self.document()["id"]) if (self.topic or "").startswith("order.") else None

    def document(self) -> Any:
        """The body as plain JSON values; for looking at, not for money."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name.lower()), None)

    def followed_by(self, **changes: Any) -> CapturedDelivery:
        """What the shop would send next: the order with these fields changed, a second later, signed anew."""
        document = self.document()
        second = 1 + int(document["date_modified_gmt"][-2:])
        assert second < 60, "the next minute is not thought of"
        document |= {"date_modified_gmt": f"{document['date_modified_gmt'][:-2]}{second:02d}"} | changes
        body = json.dumps(document).encode()
        signature = base64.b64encode(hmac.new(self.secret.encode(), body, hashlib.sha256).digest()).decode()
        new = {
            "x-wc-webhook-signature": signature, "x-wc-webhook-delivery-id": hashlib.md5(body).hexdigest(),
            "x-wc-webhook-topic": "order.updated", "content-length": str(len(body)),
        }  # fmt: skip
        headers = tuple((name, new.get(name.lower(), value)) for name, value in self.headers)
        return replace(self, name=f"{self.name}, and then", headers=headers, body=body)

    def request(self, host: str, path: str) -> bytes:
        """The whole request as bytes."""
        head = [f"POST {path} HTTP/1.1"]
        head += [f"{name}: {host if name.lower() == 'host' else value}" for name, value in self.headers]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body

    def send(self, host: str, port: int, path: str, seconds: float = 10) -> int:
        """The status of the answer."""
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(self.request(f"{host}:{port}", path))
            with connection.makefile("rb") as answer:
                return int(answer.readline().split()[1])


class CapturedShop:
    """All of the recordings in a folder, in the order in which they were made."""

    def __init__(self, folder: Path) -> None:
        secrets = json.loads((folder / "secret.json").read_text())["secrets_by_path"]
        self.secrets: tuple[str, ...] = tuple(secrets.values())
        self.deliveries: tuple[CapturedDelivery, ...] = tuple(
            _read(path, secrets) for path in sorted(folder.glob("*.headers.json"))
        )

    def of_order(self, order_id: str) -> tuple[CapturedDelivery, ...]:
        return tuple(delivery for delivery in self.deliveries if delivery.order_id == order_id)

    def named(self, *names: str) -> tuple[CapturedDelivery, ...]:
        found = tuple(delivery for delivery in self.deliveries if delivery.name in names)
        assert {delivery.name for delivery in found} == set(names)
        return found


def _read(path: Path, secrets: dict[str, str]) -> CapturedDelivery:
    recorded = json.loads(path.read_text())
    stem = path.name.removesuffix(".headers.json")
    number, _, name = stem.partition("-")
    return CapturedDelivery(
        number=int(number),
        name=name,
        hook=recorded["path"],
        secret=secrets[recorded["path"]],
        headers=tuple((name, value) for name, value in recorded["headers"]),
        body=path.with_name(f"{stem}.body").read_bytes(),
    )
