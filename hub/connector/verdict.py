"""What a provider's answer means: the operation's outcome table, then the common one, then these defaults.

Only an explicit success is success. An answer that no row lists means, for a change: 429 not executed; 401 and 403 our
credentials; other 4xx a refusal; everything else, a 2xx included, unknown. For a question a readable 2xx is the answer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from hub.connector.compiled import Fault, Shape
from hub.connector.operation import CompiledRow, Operation
from hub.connector.result import shaped
from hub.model.outcome import Outcome, Verdict
from hub.wire import redact

LONGEST_RETRY_AFTER = 3600.0
_MAX_TEXT = 300


@dataclass(frozen=True)
class Answer:
    """A provider's answer, decoded. `readable` is false when the body is not what the manifest says it is."""

    status: int
    headers: Mapping[str, str]
    value: Any
    readable: bool = True

    def scope(self, rest: Mapping[str, Any]) -> dict[str, Any]:
        return {**rest, "answer": self.value, "status": self.status, "headers": dict(self.headers)}


def judge(operation: Operation, answer: Answer, scope: Mapping[str, Any], secrets: Collection[str] = ()) -> Outcome:
    """The outcome of one answer. `scope` has input, settings, connection (and also, page). Never raises."""
    full = answer.scope(scope)
    for row in operation.rows:
        if row.fits(answer.status) and (row.when is None or row.when.holds(full)):
            return _apply(operation, row, answer, full, secrets)
    return dataclasses.replace(_default(operation, answer, full, secrets), replayed=_replayed(operation, full))


def plainly(operation: Operation, answer: Answer, scope: Mapping[str, Any], secrets: Collection[str] = ()) -> Outcome:
    """The same for a further question, which has no table of its own: a readable 2xx is an answer."""
    refused = _graphql(answer, secrets, mutating=False) if answer.status == 200 else None
    if refused is not None:
        return refused
    if 200 <= answer.status < 300 and answer.readable:
        return Outcome(Verdict.DONE)
    verdict = _default_verdict(answer.status, mutating=False)
    return Outcome(verdict, {}, str(answer.status), f"the provider answered {answer.status}")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header (seconds or an HTTP date) asks for: never negative, never above an hour."""
    if value is None:
        return None
    text = value.strip()
    if text.replace(".", "", 1).isdigit() and text.isascii():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _replayed(operation: Operation, scope: Mapping[str, Any]) -> bool:
    return operation.replayed is not None and operation.replayed.holds(scope)


def _apply(
    operation: Operation, row: CompiledRow, answer: Answer, scope: Mapping[str, Any], secrets: Collection[str]
) -> Outcome:
    verdict = row.spec.verdict
    code, message = _text(row.code, scope, secrets), _text(row.message, scope, secrets)
    replayed = _replayed(operation, scope)
    wait = _seconds(row.retry_after, scope)
    if verdict is not Verdict.DONE and row.result is None:
        return Outcome(verdict, {}, code or str(answer.status), message, wait, replayed)
    if verdict is Verdict.DONE and not answer.readable:
        return Outcome(Verdict.UNKNOWN, {}, "unreadable", "the answer could not be read", replayed=replayed)
    try:
        rendered = (row.result or operation.result).render(scope)
        result = shaped(operation.capability, rendered, complete=verdict is Verdict.DONE)
    except Fault as fault:
        if verdict is Verdict.DONE:  # a success that does not say what it did is not one
            return Outcome(Verdict.UNKNOWN, {}, "unreadable", _why(fault, secrets), replayed=replayed)
        result = {}
    return Outcome(verdict, result, code, message, wait, replayed)


def _why(fault: Fault, secrets: Collection[str]) -> str:
    """A fault may quote the value it is about, and the value is the provider's."""
    return redact.text(f"{fault.what} ({fault.path})", secrets)[:_MAX_TEXT]


def _text(shape: Shape | None, scope: Mapping[str, Any], secrets: Collection[str]) -> str | None:
    if shape is None:
        return None
    try:
        value = shape.render(scope)
    except Fault:
        return None
    return None if value is None else redact.text(str(value), secrets)[:_MAX_TEXT]


def _seconds(shape: Shape | None, scope: Mapping[str, Any]) -> float | None:
    try:
        value = None if shape is None else float(shape.render(scope))
    except (Fault, TypeError, ValueError, OverflowError):
        return None
    return None if value is None or math.isnan(value) else min(max(value, 0.0), LONGEST_RETRY_AFTER)


def _default(operation: Operation, answer: Answer, scope: Mapping[str, Any], secrets: Collection[str]) -> Outcome:
    if operation.body is not None and operation.body.kind == "graphql" and answer.status == 200:
        graphql = _graphql(answer, secrets, operation.mutating)
        if graphql is not None:
            return graphql
    if 200 <= answer.status < 300 and not operation.mutating:
        return _answered(operation, answer, scope, secrets)
    verdict = _default_verdict(answer.status, operation.mutating)
    return Outcome(verdict, {}, str(answer.status), f"the provider answered {answer.status}")


def _default_verdict(status: int, mutating: bool) -> Verdict:
    if status == 429:
        return Verdict.NOT_EXECUTED
    if status in (401, 403):
        return Verdict.AUTH
    if status in (409, 423) and mutating:
        return Verdict.BUSY
    if 400 <= status < 500 and status not in (408, 409, 423, 425):
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def _answered(operation: Operation, answer: Answer, scope: Mapping[str, Any], secrets: Collection[str]) -> Outcome:
    if not answer.readable:
        return Outcome(Verdict.UNKNOWN, {}, "unreadable", "the answer could not be read")
    try:
        return Outcome(Verdict.DONE, shaped(operation.capability, operation.result.render(scope)))
    except Fault as fault:
        return Outcome(Verdict.UNKNOWN, {}, "unreadable", _why(fault, secrets))


_GRAPHQL = {
    "THROTTLED": Verdict.NOT_EXECUTED,
    "ACCESS_DENIED": Verdict.AUTH,
    "UNAUTHENTICATED": Verdict.AUTH,
    "FORBIDDEN": Verdict.AUTH,
    "INTERNAL_SERVER_ERROR": Verdict.UNKNOWN,
}


def _graphql(answer: Answer, secrets: Collection[str], mutating: bool) -> Outcome | None:
    """GraphQL says no with a 200: what its `errors` mean where the manifest has no row for them."""
    errors = answer.value.get("errors") if isinstance(answer.value, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
    verdict = _GRAPHQL.get(code, Verdict.UNKNOWN if mutating else Verdict.REFUSED)
    message = redact.text(str(first.get("message", "GraphQL errors")), secrets)[:_MAX_TEXT]
    return Outcome(verdict, {}, redact.text(code, secrets)[:_MAX_TEXT] or "graphql", message)
