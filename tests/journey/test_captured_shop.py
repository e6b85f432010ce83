"""Deliveries recorded from a running WooCommerce, byte for byte to a running hub: each order has its expected end."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from captured_shop import CapturedShop
from ruamel.yaml import YAML
from town import Town

from hub.assembly.home import Home
from hub.vault.keys import InstallKey
from hub.vault.store import Vault

SHOP = "birch"


class ShopApi:
    """The shop's REST API as far as a hub reads it: each order as it was last told."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(*api.read(self.path.partition("?")[0].rstrip("/").split("/")))

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.written.append(self.path)
                self._answer(201, {"id": len(api.written), "tracking_id": str(len(api.written))})

            do_PUT = do_POST

            def _answer(self, status: int, document: Any) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.written: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.netloc = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def read(self, parts: list[str]) -> tuple[int, Any]:
        if parts[-1] == "orders":
            return 200, list(self.orders.values())
        if parts[-1] == "refunds":
            return 200, [self._refund(stub) for stub in self.orders.get(parts[-2], {}).get("refunds", [])]
        if parts[-1] in self.orders:
            return 200, self.orders[parts[-1]]
        if parts[-2] == "orders":
            return 404, {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."}
        return 200, []

    @staticmethod
    def _refund(stub: dict[str, Any]) -> dict[str, Any]:
        """As the API tells it: money given back, no line taken off."""
        return stub | {
            "amount": stub["total"].lstrip("-"), "date_created_gmt": "2026-11-23T01:24:39", "line_items": [],
            "refunded_payment": False, "meta_data": [],
        }  # fmt: skip

    def __enter__(self) -> ShopApi:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class CapturedTown(Town):
    """The demo's town with one more shop: the recorded one."""

    def __init__(self, directory: Any, api: ShopApi, captured: CapturedShop) -> None:
        super().__init__(directory)
        self._api, self._captured = api, captured

    def __enter__(self) -> Town:
        start, self.hub.start = self.hub.start, self._configure  # type: ignore[method-assign]
        self._start = start
        return super().__enter__()

    def _configure(self) -> None:
        self.hub.start = self._start  # type: ignore[method-assign]
        yaml = YAML()
        document = yaml.load(self.home.config)
        made = dict(document["connections"]["basalt"])
        vault = Vault(self.home.secrets_file, InstallKey(self.home.key_file))
        secrets = [vault.put(f"{SHOP}.webhook.{i}", secret) for i, secret in enumerate(self._captured.secrets)]
        made |= {
            "base_url": f"http://{self._api.netloc}", "private_targets": [self._api.netloc], "sweep": "off",
            "webhook": {"secrets": secrets}, "act_from": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        document["connections"][SHOP] = made
        with self.home.config.open("w") as file:
            yaml.dump(document, file)
        self._start()


@pytest.fixture
def captured(shared) -> CapturedShop:
    return CapturedShop(shared / "captures" / "woocommerce")


def _send(town: Town, api: ShopApi, captured: CapturedShop, *names: str, twice: bool = True) -> None:
    for delivery in captured.deliveries:
        if names and delivery.name not in names:
            continue
        if delivery.order_id is not None:
            api.orders[delivery.order_id] = delivery.document()
        for _ in range(1 + twice):
            assert delivery.send("127.0.0.1", town.port, f"/webhooks/{SHOP}") == 200


def _ordered(town: Town, label: str) -> list[dict[str, Any]]:
    """What the warehouse's book says of one of the shop's orders, by its printed number."""
    lines = town.ledgers()["shipbob-main"]
    return [line for line in lines if str(line.get("number", line.get("order_number", ""))).lstrip("#") == label]


def test_every_delivery_is_verified_and_each_order_has_its_end(tmp_path, captured):
    with ShopApi() as api, CapturedTown(tmp_path, api, captured) as town:
        _send(town, api, captured, "simple-guest", "multiline-discount", "jp-mixed-virtual-bacs", "digital-only",
              "jpy-big-quantity-pending", "customer-created", "ping")  # fmt: skip
        state = lambda order: town.states().get(f"{SHOP}:{order}")  # noqa: E731
        town.until("cash on delivery ships", lambda: state("35") == "completed", 60)
        # A bank transfer waits for its payment; an unpaid one ships nothing.
        town.until("the digital one completes", lambda: state("41") == "completed")
        assert state("37") == "waiting"
        assert state("42") in ("waiting", "held")
        _send(town, api, captured, "cancelled")
        town.until("the cancelled one is called back", lambda: state("36") in ("cancelled", "completed", "held"), 60)
        _send(town, api, captured, "customer-order-rest-paid")
        town.until("the paid one is with the warehouse", lambda: state("38") in ("waiting", "completed"), 60)
        _send(town, api, captured, "partial-refund", "address-edit")
        town.until("an edit after dispatch is a person's", lambda: state("38") in ("held", "completed"), 60)
        assert not [line for name, lines in town.ledgers().items() if name.startswith("stripe") for line in lines]
