"""Carries a connection's calls to the sandbox, in this process and without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hub.connector.connection import Account, Connection
from hub.connector.load import load
from hub.model.contract import CannotPrepare
from hub.model.outcome import Outcome
from hub.sandbox.world import World
from hub.wire.call import Request, Response
from tests.unit.sandbox.clerk import Clock

ROOT = "https://sandbox.example/"


class Carrier:
    """A transport. `asked` is everything that was sent."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        self.clock.now += 0.01
        parts = urlsplit(request.url)
        provider, name, path = parts.path.lstrip("/").split("/", 2)
        headers = {key.lower(): value for key, value in request.headers}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        given = self.world.handle(
            f"{provider}/{name}", request.method, path, query, headers, request.body, self.clock.now
        )
        return Response(given.status, {key.lower(): value for key, value in given.headers}, given.body)


class Line:
    """A connection to one account of the world, with its own secrets by name."""

    def __init__(
        self, checkout: Path, carrier: Carrier, prefix: str, secrets: Mapping[str, str], settings: Mapping[str, Any]
    ) -> None:
        self.carrier, self.prefix = carrier, prefix
        references = {name: f"${{secret:{name}}}" for name in secrets}
        account = Account(prefix.replace("/", "-"), "live", settings, references, ROOT + prefix)
        connector = load(checkout / "connectors" / prefix.partition("/")[0])
        resolve = {reference: secrets[name] for name, reference in references.items()}.__getitem__
        self.connection = Connection(connector, account, resolve, lambda *_: carrier)

    def do(self, capability: str, key: str | None = None, **inputs: Any) -> Outcome:
        if self.connection.connector.operations[capability].mutating:
            return self.connection.send(capability, self.connection.prepare(capability, inputs), key)
        return self.connection.read(capability, inputs)

    def refused(self, capability: str, **inputs: Any) -> str:
        """Why it cannot be prepared."""
        try:
            self.connection.prepare(capability, inputs)
        except CannotPrepare as reason:
            return reason.what
        raise AssertionError("it could be prepared")


def order_facts(source_id: str, currency: str = "USD") -> dict[str, Any]:
    return {
        "id": source_id,
        "label": "#1",
        "currency": currency,
        "placed_at": "2026-03-01T10:00:00+00:00",
        "storefront": "shop",
        "source_id": source_id,
        "test": False,
    }
