"""What the front door answers: 200 and nothing else, or a problem document (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """A whole answer. `outcome` is what the counters call it."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    outcome: str


class Refused(Exception):
    """Ends the handling of a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.outcome)
        self.answer = answer


def problem(code: HTTPStatus, outcome: str, detail: str, *more: tuple[str, str]) -> Answer:
    """A problem answer. `outcome` is a word of a closed set; `detail` never quotes the request."""
    document = {
        "type": "about:blank",
        "title": code.phrase,
        "status": code.value,
        "detail": detail,
        "reason": outcome,
    }
    body = msgspec.json.encode(document)
    headers = (
        ("Content-Type", "application/problem+json"),
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
TOO_LARGE = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "the body is larger than is accepted here")
AMBIGUOUS = problem(HTTPStatus.BAD_REQUEST, "ambiguous_length", "both Content-Length and Transfer-Encoding were sent")
BAD_LENGTH = problem(HTTPStatus.BAD_REQUEST, "bad_length", "the Content-Length is not a number")
BAD_TRANSFER = problem(HTTPStatus.BAD_REQUEST, "bad_transfer", "no Transfer-Encoding but chunked is accepted")
TRUNCATED = problem(HTTPStatus.BAD_REQUEST, "truncated", "the body ended before its declared length")
UNREADABLE = problem(HTTPStatus.BAD_REQUEST, "unreadable", "the body could not be read")
TOO_SLOW = problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time: send it again")
ENCODED = problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "encoded", "content encodings are not accepted: send plain bytes")
_LATER = ("Retry-After", str(RETRY_AFTER_SECONDS))
NOT_DURABLE = problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_durable", "nothing was kept: send it again later", _LATER)
BUSY = problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many bodies are being read: send it again later", _LATER)
FAILED = problem(HTTPStatus.SERVICE_UNAVAILABLE, "failed", "nothing was acknowledged: send it again later", _LATER)


def unauthorized(reason: str) -> Answer:
    """A delivery that is not verified, whatever the reason."""
    return problem(HTTPStatus.UNAUTHORIZED, reason, "this is not a verified delivery of this connection")
