"""All connections by name: what the flow sees of the connectors (`hub.model.contract.Connectors`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.connector.connection import Connection
from hub.model.contract import Call, CannotPrepare, Guarantee
from hub.model.outcome import Outcome, Verdict


class Connections:
    """Named connections. `replace` swaps one while others are in use: settings and secrets are live."""

    def __init__(self, connections: Iterable[Connection] = ()) -> None:
        self._connections = {connection.account.name: connection for connection in connections}

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections.values()))

    def get(self, name: str) -> Connection | None:
        return self._connections.get(name)

    def replace(self, connection: Connection) -> None:
        self._connections = {**self._connections, connection.account.name: connection}

    def supports(self, connection: str, capability: str) -> bool:
        found = self._connections.get(connection)
        return found is not None and found.supports(capability)

    def guarantee(self, connection: str, capability: str) -> Guarantee:
        return self._named(connection).guarantee(capability)

    def declaration(self, connection: str) -> str:
        return self._named(connection).connector.hash

    def prepare(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> bytes:
        return self._named(connection).prepare(capability, inputs)

    def asks_first(self, connection: str, capability: str) -> bool:
        return self._named(connection).asks_first(capability)

    def send(self, call: Call) -> Outcome:
        found = self._connections.get(call.connection)
        if found is None:
            return _gone(call.connection)
        return found.send(call.capability, call.body, call.key)

    def read(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        found = self._connections.get(connection)
        return _gone(connection) if found is None else found.read(capability, inputs)

    def hold(self, connection: str) -> Outcome | None:
        """Why nothing should be sent over this connection now, or None: to be asked before an intent is written."""
        found = self._connections.get(connection)
        return _gone(connection) if found is None else found.hold()

    def _named(self, name: str) -> Connection:
        found = self._connections.get(name)
        if found is None:
            raise CannotPrepare(f"there is no connection {name}", mend="connect it, or choose another in the flow")
        return found


def _gone(name: str) -> Outcome:
    return Outcome(Verdict.HELD, code="no_connection", message=f"there is no connection {name}")
