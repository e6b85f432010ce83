"""One request and its answer: credentials on, over the wire, through the table, and a transcript without secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from hub.connector import encode, rest
from hub.connector.auth import AuthFault, Authorizer, Draft, Keyring
from hub.connector.decode import Unreadable, decode
from hub.connector.load import Connector
from hub.connector.operation import Operation
from hub.connector.verdict import Answer, judge, retry_after
from hub.model.outcome import Outcome, Verdict
from hub.wire import redact
from hub.wire.address import join
from hub.wire.call import (
    Blocked,
    NotSent,
    Request,
    Response,
    Timeout,
    Transport,
    Unanswered,
)
from hub.wire.card import truncated

_SUCCESS = 60  # values shown of a success: nobody has to find out why it failed
# Answers that hold what a shopper wrote, and are kept as messages are.
_ORDERS = ("order.fetch", "order.list")
AGENT = ("User-Agent", "Crossdock")


Judge = Callable[[Operation, Answer, Mapping[str, Any], Collection[str]], Outcome]


@dataclass(frozen=True)
class Reply:
    """What came of a request; `answer` where there was one."""

    outcome: Outcome
    answer: Answer | None = None


class Line(Protocol):
    """What an exchange needs of its connection."""

    connector: Connector
    base_url: str
    transport: Transport
    keyring: Keyring

    def authorizer(self) -> Authorizer: ...

    def timeout(self, operation: Operation) -> Timeout: ...


class Exchange:
    """Of one operation over one connection."""

    def __init__(self, line: Line, operation: Operation, now: Callable[[], datetime], judged_by: Judge = judge) -> None:
        self._line, self._operation, self._now, self._judge = line, operation, now, judged_by

    def run(self, prepared: rest.Prepared, scope: Mapping[str, Any], key: str | None) -> Reply:
        """The outcome, with a transcript. Never raises."""
        try:
            authorizer = self._line.authorizer()
            request = self._request(prepared, key, authorizer)
        except AuthFault as fault:
            return Reply(Outcome(fault.verdict, code=fault.code, message=self._clean(fault.what)))
        except Blocked as fault:
            return Reply(Outcome(Verdict.HELD, code="blocked", message=self._clean(fault.what)))
        try:
            response = self._line.transport.send(request)
        except Blocked as fault:
            return self._silent(request, Outcome(Verdict.HELD, code="blocked", message=self._clean(fault.what)))
        except NotSent as fault:
            unsent = Outcome(Verdict.NOT_EXECUTED, code="not_sent", message=self._clean(fault.what))
            return self._silent(request, unsent)
        except Unanswered as fault:
            return self._silent(request, Outcome(Verdict.UNKNOWN, code="unanswered", message=self._clean(fault.what)))
        return self._judged(request, response, scope, authorizer)

    def _judged(self, request: Request, response: Response, scope: Mapping[str, Any], authorizer: Authorizer) -> Reply:
        answer = self.answer(response)
        outcome = self._judge(self._operation, answer, scope, self._line.keyring.used)
        if outcome.retry_after_seconds is None:
            header = self._line.connector.manifest.budget.retry_after.lower()
            wait = retry_after(response.headers.get(header), self._now())
            outcome = dataclasses.replace(outcome, retry_after_seconds=wait)
        if outcome.verdict is not Verdict.AUTH:
            authorizer.accepted()
        elif response.status == 401 and authorizer.renew():
            # The token had been good and ended early. Nothing was executed; the next try fetches a fresh one.
            message = "the access token had ended; a fresh one is fetched"
            outcome = dataclasses.replace(
                outcome, verdict=Verdict.NOT_EXECUTED, code="token_renewed", message=message, retry_after_seconds=None
            )
        return Reply(dataclasses.replace(outcome, transcript=self.transcript(request, response, answer)), answer)

    def answer(self, response: Response) -> Answer:
        body = response.body
        if self._operation.capability.name in _ORDERS:
            body = truncated(body)
        try:
            value, readable = decode(body, self._operation.spec.answer), True
        except Unreadable:
            value, readable = None, False
        return Answer(response.status, response.headers, value, readable)

    def _request(self, prepared: rest.Prepared, key: str | None, authorizer: Authorizer) -> Request:
        headers, text = rest.with_key(prepared, self._operation, key)
        url = join(self._line.base_url, prepared.path, prepared.query)
        body = text.encode()
        parts = urlsplit(url)
        credentials = authorizer.headers(Draft(prepared.method, url, parts.path, parts.query, body))
        taken = {name.lower() for name, _ in credentials}
        kept = tuple(pair for pair in headers if pair[0].lower() not in taken)
        if not any(name.lower() == "user-agent" for name, _ in kept):
            kept = (AGENT, *kept)
        return Request(prepared.method, url, (*kept, *credentials), body, self._line.timeout(self._operation))

    def _silent(self, request: Request, outcome: Outcome) -> Reply:
        return Reply(dataclasses.replace(outcome, transcript=self.transcript(request, None)))

    def transcript(self, request: Request, response: Response | None, answer: Answer | None = None) -> dict[str, Any]:
        """What went out and came back, redacted."""
        secrets, show = self._line.keyring.used, self._line.connector.manifest.show
        told: dict[str, Any] = {
            "request": {
                "method": request.method,
                "url": redact.url(request.url, secrets),
                "headers": redact.headers(request.headers, secrets),
                "body": _body(request.body, dict(request.headers).get("Content-Type", ""), show, secrets),
            }
        }
        if response is not None:
            told["answer"] = {
                "status": response.status,
                "headers": redact.headers(response.headers, secrets),
                "body": _answer_body(response.body, answer or self.answer(response), show, secrets),
                "elapsed_ms": round(response.elapsed * 1000),
            }
        return told

    def _clean(self, text: str) -> str:
        return redact.text(text, self._line.keyring.used)


def _answer_body(body: bytes, answer: Answer, show: list[str], secrets: set[str]) -> Any:
    if not answer.readable or isinstance(answer.value, str):
        return f"[{len(body)} bytes]"
    most = _SUCCESS if 200 <= answer.status < 300 else redact.MOST
    return redact.fields(answer.value, show, secrets, most)


def _body(body: bytes, kind: str, show: list[str], secrets: set[str]) -> Any:
    if not body:
        return None
    if kind == encode.FORM:
        return redact.fields(dict(parse_qsl(body.decode("utf-8", "replace"))), show, secrets)
    return redact.body(body, show, secrets)
