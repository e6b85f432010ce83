"""The REST API of the shop that was recorded, as far as a hub asks it: each order as the shop last told it."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ORDER = re.compile(r"/wp-json/wc(?:-shipment-tracking)?/v3/orders/(\d+)(?:/([a-z-]+))?")
_NO_SUCH = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."}


@dataclass(frozen=True)
class Written:
    """One thing that was written to the shop. `what` is refunds, notes or shipment-trackings, or "" for the order."""

    at: float
    method: str
    order: str
    what: str
    body: dict[str, Any]


class ShopApi:
    """`with ShopApi() as api:` serves `api.orders` (id -> document) on loopback and remembers what is written."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.written: list[Written] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.netloc = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def of(self, order: str, what: str) -> list[Written]:
        return [each for each in self.written if (each.order, each.what) == (order, what)]

    def read(self, order: str, what: str) -> tuple[int, Any]:
        with self._lock:
            document = self.orders.get(order)
            if document is None:
                return 404, _NO_SUCH
            if what == "refunds":
                return 200, [_refund(document, stub) for stub in document["refunds"]]
            if what == "shipment-trackings":
                return 200, [each.body for each in self.of(order, what)]
            return 200, document

    def write(self, method: str, order: str, what: str, body: dict[str, Any]) -> tuple[int, Any]:
        with self._lock:
            if order not in self.orders:
                return 404, _NO_SUCH
            if what == "shipment-trackings":
                body = body | {"tracking_id": f"t{len(self.written)}"}
            self.written.append(Written(time.time(), method, order, what, body))
            if what == "shipment-trackings":
                return 201, body
            if what == "" and method == "PUT":
                self.orders[order] = self.orders[order] | body
                return 200, self.orders[order]
            return 201, {"id": len(self.written)}

    def __enter__(self) -> ShopApi:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _refund(order: dict[str, Any], stub: dict[str, Any]) -> dict[str, Any]:
    """As the API tells it: money given back, no line taken off."""
    return stub | {
        "amount": stub["total"].lstrip("-"), "date_created_gmt": order["date_modified_gmt"], "line_items": [],
        "refunded_payment": False, "meta_data": [],
    }  # fmt: skip


def _handler(api: ShopApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = _ORDER.fullmatch(self.path.partition("?")[0].rstrip("/"))
            self._answer(*(api.read(found[1], found[2] or "") if found else (404, {"code": "rest_no_route"})))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            found = _ORDER.fullmatch(self.path.partition("?")[0].rstrip("/"))
            answer = api.write(self.command, found[1], found[2] or "", body) if found else (404, {"code": "no_route"})
            self._answer(*answer)

        do_PUT = do_POST  # noqa: N815 - the name that http.server asks for

        def _answer(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
