"""A connector with one account's settings and secrets: prepares, sends, reads, and never raises at its caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from hub.connector import rest
from hub.connector.auth import AuthFault, Authorizer, Keyring, Plain, Signer, choose
from hub.connector.authspec import OAuth2, Signed
from hub.connector.budget import Breaker, Bucket
from hub.connector.compiled import Fault
from hub.connector.exchange import Exchange, Judge, Reply
from hub.connector.hatching import prepare_with_hatch, send_with_hatch
from hub.connector.load import Connector
from hub.connector.manifest import Timeouts
from hub.connector.oauth import Keep, Tokens
from hub.connector.operation import Operation
from hub.connector.paging import further, gather
from hub.connector.verdict import judge
from hub.language.decode import DecodeError
from hub.model.capability import Safety
from hub.model.contract import CannotPrepare, Guarantee, NotPrepared
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import Timeout, Transport
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy

# (connection's name, its policy) -> what carries its calls: HTTP, or a world in the same process
N = TypeVar("N", int, float)
TransportFactory = Callable[[str, Policy], Transport]


def http(name: str, policy: Policy) -> Transport:
    return HttpTransport(policy)


@dataclass(frozen=True)
class Clock:
    """Time, so that a simulation can own it."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Overrides:
    """What a connection says otherwise than its manifest; seconds. None: as the manifest says."""

    connect_seconds: float | None = None
    total_seconds: float | None = None
    settles_within_seconds: float | None = None
    index_lag_seconds: float | None = None
    key_life_seconds: float | None = None
    backoff_seconds: float | None = None
    backoff_cap_seconds: float | None = None
    max_tries: int | None = None
    max_age_seconds: float | None = None
    calls_per_second: float | None = None
    breaker_failures: int | None = None
    breaker_opens_for_seconds: float | None = None


@dataclass(frozen=True)
class Account:
    """One connection as it is configured. `secrets`: name in the manifest -> reference (`${secret:...}`)."""

    name: str
    mode: str = "test"  # or live
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    private_targets: frozenset[str] = frozenset()
    ca_file: str | None = None
    overrides: Overrides = Overrides()


class _Resolved:
    """The account's secrets, resolved when they are asked for: a rotated one is used at once."""

    def __init__(self, references: Mapping[str, str], resolve: Callable[[str], str]) -> None:
        self._references, self._resolve = references, resolve

    def names(self) -> list[str]:
        return list(self._references)

    def get(self, name: str) -> str:
        reference = self._references.get(name)
        if reference is None:
            raise AuthFault(f"the connection has no secret {name}", "secret_missing")
        try:
            return self._resolve(reference)
        except Exception as error:  # whatever a secret store fails with: nothing can be sent without it
            raise AuthFault(f"the secret {name} cannot be had: {error}", "secret_missing") from error


class Connection:
    """Safe for many threads. `keep` stores a secret that the provider rotated (name in the manifest, new value)."""

    def __init__(
        self,
        connector: Connector,
        account: Account,
        resolve: Callable[[str], str],
        transport: TransportFactory = http,
        clock: Clock | None = None,
        keep: Keep | None = None,
        authorizer: Authorizer | None = None,
    ) -> None:
        self.connector, self.account = connector, account
        self._clock = clock or Clock()
        self.settings = {name: setting.default for name, setting in connector.manifest.settings.items()}
        self.settings = {name: value for name, value in self.settings.items() if value is not None}
        self.settings.update(account.settings)
        self._tables = dict(connector.manifest.tables)
        self.base_url = self._base_url()
        self.policy = Policy(private_targets=account.private_targets, ca_file=account.ca_file)
        self.transport = transport(account.name, self.policy)
        self.keyring = Keyring(self.settings, _Resolved(account.secrets, resolve))
        self._lock = threading.Lock()
        self._guarantees: dict[str, Guarantee] = {}
        self._authorizer = authorizer
        self._keep = keep
        self.bucket, self.breaker = self._bucket(), self._breaker()

    def supports(self, capability: str) -> bool:
        return capability in self.connector.operations

    def guarantee(self, capability: str) -> Guarantee:
        """What the manifest declares, with this connection's own deadlines, lags and backoff."""
        known = self._guarantees.get(capability)
        if known is None:
            known = self._guarantees[capability] = self._guarantee(capability)
        return known

    def _guarantee(self, capability: str) -> Guarantee:
        operation, over = self.connector.operations[capability], self.account.overrides
        retry = operation.spec.retry or self.connector.manifest.retry
        safety = operation.spec.safety
        wait = self.connector.manifest.budget.longest_wait
        common: dict[str, Any] = {
            "deadline_seconds": self.timeout(operation).total + wait,
            "max_tries": _or(over.max_tries, retry.tries),
            "max_age_seconds": _or(over.max_age_seconds, retry.age),
            "backoff_seconds": _or(over.backoff_seconds, retry.backoff),
            "backoff_cap_seconds": _or(over.backoff_cap_seconds, retry.cap),
        }
        if safety is None:
            return Guarantee(safety=Safety.REPEATABLE, settles_within_seconds=0.0, **common)
        life = None if safety.lifetime is None else _or(over.key_life_seconds, safety.lifetime)
        return Guarantee(
            safety=safety.cls,
            settles_within_seconds=_or(over.settles_within_seconds, safety.settles_within),
            key_life_seconds=life,
            key_replays_errors=safety.replays_errors,
            find=safety.find,
            index_lag_seconds=_or(over.index_lag_seconds, safety.index_lag),
            complete=safety.complete,
            max_sends=safety.max_sends,
            **common,
        )

    def asks_first(self, capability: str) -> bool:
        """Whether `prepare` asks further questions."""
        operation = self.connector.operations.get(capability)
        return operation is not None and bool(operation.also)

    def prepare(self, capability: str, inputs: Mapping[str, Any]) -> bytes:
        """The exact bytes of the request, without credentials; the manifest's further questions are asked first.

        Raises `CannotPrepare`, and `NotPrepared` where a question got no answer.
        """
        operation = self.connector.operations.get(capability)
        if operation is None:
            raise CannotPrepare(f"{self.account.name} does not offer {capability}", mend="choose another connection")
        also, failed = further(self, operation, inputs) if operation.mutating else ({}, None)
        if failed is not None:
            raise NotPrepared(failed)
        return self.build(operation, inputs, also=also).store()

    def build(
        self, operation: Operation, inputs: Mapping[str, Any], page: Any = None, also: Mapping[str, Any] | None = None
    ) -> rest.Prepared:
        scope = self.scope(inputs, page) | {"also": dict(also or {})}
        try:
            if operation.spec.hatch:
                return prepare_with_hatch(self.connector, operation, scope)
            return rest.build(operation, scope)
        except rest.Refused as refusal:
            raise CannotPrepare(refusal.what, refusal.path, refusal.mend) from refusal
        except Fault as fault:
            raise CannotPrepare(fault.what, fault.path, "mend the order's data, or the connector's template") from fault

    def scope(self, inputs: Mapping[str, Any], page: Any = None) -> dict[str, Any]:
        about = {"name": self.account.name, "mode": self.account.mode}
        inputs = {**dict.fromkeys(_GIVEN), **inputs}
        return {"input": inputs, "settings": self.settings, "connection": about, "tables": self._tables, "page": page}

    def send(self, capability: str, body: bytes, key: str | None) -> Outcome:
        """The one call of a prepared request. Never raises."""
        operation = self.connector.operations.get(capability)
        if operation is None:
            return Outcome(Verdict.HELD, code="unsupported", message=f"the connector no longer offers {capability}")
        try:
            prepared = rest.Prepared.stored(body)
        except (DecodeError, KeyError, TypeError, ValueError):
            return Outcome(Verdict.HELD, code="unreadable_intent", message="the stored request cannot be read")
        return self.call(operation, prepared, self.scope(prepared.input or {}), key).outcome

    def read(self, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        """Asks a question, all its pages where it has several. Never raises."""
        operation = self.connector.operations.get(capability)
        if operation is None:
            return Outcome(Verdict.REFUSED, code="unsupported", message=f"{self.account.name} offers no {capability}")
        try:
            return gather(self, operation, inputs)
        except CannotPrepare as fault:
            return Outcome(Verdict.REFUSED, code="cannot_prepare", message=fault.what)

    def call(
        self,
        operation: Operation,
        prepared: rest.Prepared,
        scope: Mapping[str, Any],
        key: str | None = None,
        judged_by: Judge = judge,
    ) -> Reply:
        """One request under the breaker and the budget."""
        held = self.breaker.enter()
        if held > 0:
            return Reply(Outcome(Verdict.HELD, code="breaker_open", message=_RESTING, retry_after_seconds=held))
        granted, wait = self.bucket.take(self.connector.manifest.budget.longest_wait)
        if not granted:
            return Reply(Outcome(Verdict.NOT_EXECUTED, code="budget", message=_WAITING, retry_after_seconds=wait))
        if wait > 0:
            self._clock.sleep(wait)
        exchange = Exchange(self, operation, self._clock.now, judged_by)
        if prepared.hatch is not None:
            reply = Reply(send_with_hatch(self, operation, prepared, scope, key, exchange))
        else:
            reply = exchange.run(prepared, scope, key)
        self._note(reply.outcome)
        return reply

    def hold(self) -> Outcome | None:
        """Why nothing should be sent now (the breaker is open), or None. Asking changes nothing."""
        seconds = self.breaker.closed_in()
        if seconds <= 0:
            return None
        return Outcome(Verdict.HELD, code="breaker_open", message=_RESTING, retry_after_seconds=seconds)

    def authorizer(self) -> Authorizer:
        """How this account's requests are authorised. Raises `AuthFault`."""
        with self._lock:
            if self._authorizer is None:
                self._authorizer = self._chosen()
            return self._authorizer

    def _chosen(self) -> Authorizer:
        auth = choose(self.connector.auths, self.keyring)
        if isinstance(auth.spec, OAuth2):
            return Tokens(auth, self.keyring, self.transport, self._clock.monotonic, self._keep, self.base_url)
        if isinstance(auth.spec, Signed):
            return Signer(auth, self.keyring, self._clock.now)
        return Plain(auth, self.keyring)

    def uses_test_credentials(self) -> bool | None:
        """Whether these are the provider's test credentials; None where nobody can tell. Raises `AuthFault`."""
        shape = self.connector.test_credentials
        if shape is None:
            return None
        scope = self.keyring.scope(self.connector.manifest.secrets)
        return shape.holds(scope)

    def timeout(self, operation: Operation) -> Timeout:
        spec: Timeouts = operation.spec.timeouts or self.connector.manifest.timeouts
        over = self.account.overrides
        return Timeout(_or(over.connect_seconds, spec.connect), _or(over.total_seconds, spec.total))

    def _note(self, outcome: Outcome) -> None:
        """What an outcome says of the provider's health: only silence and 5xx count against it."""
        if outcome.verdict is Verdict.NOT_EXECUTED:
            if outcome.retry_after_seconds:
                self.bucket.pause(min(outcome.retry_after_seconds, _LONGEST_PAUSE))
            if outcome.code == "not_sent":
                self.breaker.note(False)
        elif outcome.verdict is not Verdict.HELD:
            self.breaker.note(outcome.verdict is not Verdict.UNKNOWN)

    def _base_url(self) -> str:
        if self.account.base_url:
            return self.account.base_url
        line = self.connector.base_url
        try:
            return line.render({"settings": self.settings}, str) if line else ""
        except Fault as fault:
            raise CannotPrepare(f"{self.account.name} has no address: {fault.what}", fault.path, "set it") from fault

    def _bucket(self) -> Bucket:
        budget, rate = self.connector.manifest.budget, self.account.overrides.calls_per_second
        if rate:
            return Bucket(1, 1 / rate, max(int(rate), 1), self._clock.monotonic)
        return Bucket(budget.calls, budget.per, budget.burst or budget.calls, self._clock.monotonic)

    def _breaker(self) -> Breaker:
        spec, over = self.connector.manifest.breaker, self.account.overrides
        failures = _or(over.breaker_failures, spec.failures)
        return Breaker(failures, _or(over.breaker_opens_for_seconds, spec.opens_for), self._clock.monotonic)


_GIVEN = ("reference", "order")
# The request that was told to wait longer does; the others are not held up by what may be one absurd answer.
_LONGEST_PAUSE = 60.0
_RESTING = "the provider failed several times in a row; calls are held until it answers again"
_WAITING = "the provider's request budget is used up"


def _or(given: N | None, otherwise: N) -> N:
    return otherwise if given is None else given
