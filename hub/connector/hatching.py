"""Runs the two halves of a hatch, and turns whatever an SDK does into an outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from hub.connector.auth import AuthFault, Keyring
from hub.connector.compiled import Fault, Scope
from hub.connector.decode import Unreadable, decode
from hub.connector.exchange import Reply
from hub.connector.load import Connector
from hub.connector.operation import Operation
from hub.connector.plugin import Send
from hub.connector.rest import Prepared, hand_made, refused
from hub.connector.result import shaped
from hub.connector.verdict import Answer, judge
from hub.model.contract import CannotPrepare, NotPrepared
from hub.model.outcome import Outcome, Verdict
from hub.wire import redact
from hub.wire.call import Blocked, NotSent, Request, Response, Timeout, Transport
from hub.wire.policy import Policy
from hub.wire.session import cause_of, session


class Account(Protocol):
    """What a hatch's call needs of its connection."""

    connector: Connector
    base_url: str
    settings: dict[str, Any]
    policy: Policy
    transport: Transport
    keyring: Keyring

    def timeout(self, operation: Operation) -> Timeout: ...


class Recorder:
    """The account's transport, remembering the last call for the transcript."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.last: tuple[Request, Response | None] | None = None

    def send(self, request: Request) -> Response:
        self.last = (request, None)
        response = self._inner.send(request)
        self.last = (request, response)
        return response


class Way(Protocol):
    """How a hatch's own request goes out, and how a call is told without secrets."""

    def run(self, prepared: Prepared, scope: Mapping[str, Any], key: str | None) -> Reply: ...

    def transcript(self, request: Request, response: Response | None) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Context:
    """`hub.wire.hatch.HatchContext` for one call."""

    account: Account
    operation: Operation
    scope: Mapping[str, Any]
    key: str | None
    way: Way
    transport: Transport

    @property
    def base_url(self) -> str:
        return self.account.base_url

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.account.settings

    @property
    def timeout(self) -> Timeout:
        return self.account.timeout(self.operation)

    @property
    def policy(self) -> Policy:
        return self.account.policy

    def secret(self, name: str) -> str:
        found: str = self.account.keyring.scope([name])["secrets"].get(name, "")
        if not found:
            raise AuthFault(f"the connection has no secret {name}", "secret_missing")
        return found

    def session(self) -> requests.Session:
        return session(self.transport, self.timeout)

    def request(self, method: str, path: str, body: Any = None) -> Outcome:
        return self.way.run(hand_made(self.operation, self.scope, method, path, body), self.scope, self.key).outcome

    def judge(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        try:
            value, readable = decode(body, self.operation.spec.answer), True
        except Unreadable:
            value, readable = None, False
        answer = Answer(status, headers, value, readable)
        return judge(self.operation, answer, self.scope, self.account.keyring.used)


def prepare_with_hatch(connector: Connector, operation: Operation, scope: Scope) -> Prepared:
    """The intent as the hatch makes it: plain data. Raises `Fault`."""
    refused(operation, scope)
    name = operation.capability.name
    prepare = connector.hatch.prepare(name) if connector.hatch else None
    if prepare is None:
        raise Fault("the hatch has no function to prepare this", name)
    try:
        made = prepare(scope["input"] | {"also": scope.get("also") or {}}, scope["settings"])
        prepared = Prepared("", "", input={key: scope["input"].get(key) for key in operation.carried}, hatch=made)
        prepared.store()
    except CannotPrepare:
        raise
    except (LookupError, TypeError, AttributeError) as error:
        if not scope.get("also"):
            raise Fault(f"the hatch cannot prepare it: {error!r}", name) from error
        # A further question was answered with what is no answer to it: another time it may be.
        raise NotPrepared(
            Outcome(Verdict.NOT_EXECUTED, code="unreadable", message=f"not as expected: {error!r}")
        ) from error
    except Exception as error:  # the hatch's own code: whatever it raises, nothing was sent
        raise Fault(f"the hatch cannot prepare it: {error}", name) from error
    return prepared


def send_with_hatch(
    account: Account,
    operation: Operation,
    prepared: Prepared,
    scope: Mapping[str, Any],
    key: str | None,
    way: Way,
) -> Outcome:
    """The one call, made by the hatch. Never raises."""
    name = operation.capability.name
    send = account.connector.hatch.send(name) if account.connector.hatch else None
    if send is None:
        return Outcome(Verdict.HELD, code="hatch", message=f"the hatch has no function to send {name}")
    recorder = Recorder(account.transport)
    context = Context(account, operation, scope, key, way, recorder)
    outcome = _sent(send, prepared.hatch, context)
    if outcome.transcript or recorder.last is None:
        return outcome
    return dataclasses.replace(outcome, transcript=way.transcript(*recorder.last))


def _sent(send: Send, stored: Any, context: Context) -> Outcome:
    operation, secrets = context.operation, context.account.keyring.used
    try:
        given = send(stored, context)
        if isinstance(given, Outcome):
            return given
        return Outcome(Verdict.DONE, shaped(operation.capability, given))
    except AuthFault as fault:
        return Outcome(fault.verdict, code=fault.code, message=redact.text(fault.what, secrets))
    except Fault as fault:
        return Outcome(Verdict.UNKNOWN, code="unreadable", message=redact.text(fault.what, secrets))
    except Exception as error:  # an SDK raises anything: only a cause that we know makes it more than unknown
        return _failed(error, secrets)


def _failed(error: Exception, secrets: set[str]) -> Outcome:
    cause = cause_of(error)
    message = redact.text(cause.what if cause else f"{type(error).__name__}: {error}", secrets)
    if isinstance(cause, Blocked):
        return Outcome(Verdict.HELD, code="blocked", message=message)
    if isinstance(cause, NotSent):
        return Outcome(Verdict.NOT_EXECUTED, code="not_sent", message=message)
    return Outcome(Verdict.UNKNOWN, code="unanswered" if cause else "hatch_failed", message=message)
