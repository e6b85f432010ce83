"""Somebody who sends signed deliveries to a hub's front door, and remembers which of them were acknowledged."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from hub.sandbox import signing
from hub.sandbox.shopify.payload import order_document
from hub.sandbox.shopify.shop import Shopify
from tests.journey.town import Town

PATH = "/webhooks/aurora"


class Sender:
    """Orders of the past, each in a delivery of its own, so that nothing but keeping them is asked of the hub.

    `acknowledged`: topic and body of each delivery that was answered with 200; `answers`: every status there was, in
    turn (None where nobody answered).
    """

    def __init__(self, town: Town) -> None:
        shop: Any = town.world.shop
        assert isinstance(shop, Shopify)
        (order,) = town.scenario.history(shop, 1, time.time())
        self._document: dict[str, Any] = order_document(order, shop.domain)
        self._secret, self._domain, self._port = shop.client_secret, shop.domain, town.port
        self._lock = threading.Lock()
        self._number = 0
        self.acknowledged: list[bytes] = []
        self.answers: list[int | None] = []

    def send(self) -> int | None:
        """One new delivery. The status of the answer, None where there was none."""
        body, headers = self.new()
        status = self.post(body, headers)
        self.heard(body, status)
        return status

    def new(self) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of an order that was never sent before."""
        with self._lock:
            self._number += 1
            number = 7_000_000 + self._number
        body = json.dumps(self._document | {"id": number, "name": f"#{number}"}).encode()
        headers = {
            "Content-Type": "application/json", "X-Shopify-Topic": "orders/create",
            "X-Shopify-Shop-Domain": self._domain, "X-Shopify-Event-Id": f"event-{number}",
        }  # fmt: skip
        return body, headers | dict(signing.shopify(body, self._secret))

    def post(self, body: bytes, headers: dict[str, str]) -> int | None:
        try:
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
                connection.request("POST", PATH, body, headers)
                return connection.getresponse().status
        except (OSError, HTTPException):
            return None

    def heard(self, body: bytes, status: int | None) -> None:
        with self._lock:
            self.answers.append(status)
            if status == 200:
                self.acknowledged.append(body)


class Rush:
    """`with Rush(sender, threads):` several people send without a pause until nobody answers any more."""

    def __init__(self, sender: Sender, threads: int) -> None:
        self._sender = sender
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]

    def _send(self) -> None:
        while not self._stopping.is_set() and self._sender.send() is not None:
            pass

    def __enter__(self) -> Rush:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
