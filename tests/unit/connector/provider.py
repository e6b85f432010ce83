"""An invented provider for the engine's tests: a manifest to bend, and a transport that answers from a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.connector.connection import Account, Clock, Connection
from hub.connector.load import Connector, load_sources
from hub.connector.promise import Overrides
from hub.wire.call import Request, Response, WireError
from hub.wire.policy import Policy

HEAD = """
name: acme
title: Acme
docs: https://acme.example/docs
api: {version: "1"}
settings:
  shop: {title: Shop, default: blue}
  rank: {title: Rank, type: integer, optional: true}
secrets:
  token: {title: Token}
  other: {title: Another, optional: true}
base_url: https://{settings.shop}.acme.example/api
"""

CAPTURE = """
  payment.capture:
    method: POST
    path: /pay/{input.payment.id}/capture
    headers: {X-Rank: "= settings.rank"}
    body: {json: {amount: "= input.amount", ref: "= input.reference"}}
    safety:
      {class: key, header: Idempotency-Key, lifetime: 24h, find: payment.find, replayed: "= headers.replayed == 'yes'"}
    outcomes:
      - {status: 200, when: "= answer.state == 'ok'", then: done}
      - {status: 402, then: refused, code: "= answer.code", message: "= answer.text"}
      - {status: 409, when: "= answer.code == 'taken'", then: duplicate, code: taken, result: {id: "= answer.id"}}
      - {status: 503, when: "= answer.code == 'closed'", then: not_executed, retry_after: "= answer.wait"}
    result: {id: "= answer.id", amount: "= answer.amount", currency: "= input.currency", status: "= answer.state"}
    examples: [{name: it, input: {payment: {id: p, status: s, currency: EUR}}, outcome: {}}]
"""

FIND = """
  payment.find:
    method: GET
    path: /pay/{input.payment.id}
    query: {ref: "= input.reference", after: "= page"}
    pages: {next: "= answer.next", limit: 3}
    result: {hits: "= answer.hits"}
    examples: [{name: it, input: {payment: {id: p, status: s, currency: EUR}}, outcome: {}}]
"""


def manifest(*operations: str, head: str = HEAD, auth: str = "auth: {type: bearer, token: '= secrets.token'}") -> str:
    return f"{head}{auth}\noperations:\n{''.join(operations or (CAPTURE, FIND))}"


def made(text: str | None = None, hatch: str | None = None) -> Connector:
    sources = {"connector.yaml": text or manifest()}
    return load_sources(sources if hatch is None else {**sources, "operations.py": hatch})


def answer(status: int = 200, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


@dataclass
class Wire:
    """Answers in turn (the last one for ever); an exception in the list is raised."""

    answers: list[Response | WireError]
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        given = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(given, WireError):
            raise given
        return given

    def __call__(self, name: str, policy: Policy) -> Wire:
        return self


@dataclass
class Time:
    """A clock that moves when it is told to, or when somebody sleeps."""

    at: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.at, self.sleep)


def connected(
    *answers: Response | WireError,
    connector: Connector | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
    time: Time | None = None,
    keep: Callable[[str, str], None] | None = None,
) -> tuple[Connection, Wire]:
    """A connection to the invented provider. The secret behind `${env:X}` is `secret-of-X`."""
    wire = Wire(list(answers) or [answer(200, {})])
    account = Account(
        "acme-main", "test", settings or {}, secrets or {"token": "${env:TOKEN}"}, overrides=overrides or Overrides()
    )
    connection = Connection(
        connector or made(), account, lambda ref: f"secret-of-{ref[6:-1]}", wire, (time or Time()).clock(), keep
    )
    return connection, wire


PAYMENT = {"payment": {"id": "p 1/2"}, "amount": 1999, "currency": "EUR", "reference": "cdref"}
