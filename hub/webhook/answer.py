"""What the front door answers: 200 and nothing else, or a problem document (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from hub.wire.body import BodyFault
from hub.wire.problem import CONTENT_TYPE, document

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """A whole answer. `outcome` is what the counters call it."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    outcome: str

    @property
    def code(self) -> int:
        return int(self.status[:3])


def problem(code: HTTPStatus, outcome: str, detail: str, *more: tuple[str, str]) -> Answer:
    """A problem answer. `outcome` is a word of a closed set; `detail` never quotes the request."""
    body = document(code, detail, reason=outcome)
    headers = (
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *more,
    )
    return Answer(f"{code.value} {code.phrase}", headers, body, outcome)


def accepted(outcome: str) -> Answer:
    """The one 200 there is: a new delivery, a repeat, a conflict and a ping cannot be told apart from outside."""
    return Answer("200 OK", (("Content-Type", "text/plain"), ("Content-Length", "0")), b"", outcome)


NOT_FOUND = problem(HTTPStatus.NOT_FOUND, "unknown_connection", "no connection of this name receives webhooks")
NOT_POST = problem(HTTPStatus.METHOD_NOT_ALLOWED, "not_post", "webhooks are posted", ("Allow", "POST"))
_LATER = ("Retry-After", str(RETRY_AFTER_SECONDS))
NOT_DURABLE = problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_durable", "nothing was kept: send it again later", _LATER)
OF_BODY = {
    fault: problem(fault.status, fault.word, fault.detail, *([_LATER] if fault is BodyFault.BUSY else []))
    for fault in BodyFault
}
FAILED = problem(HTTPStatus.SERVICE_UNAVAILABLE, "failed", "nothing was acknowledged: send it again later", _LATER)


def unauthorized(reason: str) -> Answer:
    """A delivery that is not verified, whatever the reason."""
    return problem(HTTPStatus.UNAUTHORIZED, reason, "this is not a verified delivery of this connection")
