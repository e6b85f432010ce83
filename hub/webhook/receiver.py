"""The front door: answers `/webhooks/<connection>` before the web framework, and passes everything else on.

The order of things is the promise: cap and read the raw bytes, verify over them, keep them durably, and only then
answer 200. Whatever else happens is a problem answer; a sender never sees a 500, because a 503 is what makes it
send again.

Two ways in, with the same checks: a WSGI call holds a thread until the delivery is kept; `receive` holds none, and
deliveries that wait together are kept together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.model.contract import Inbox, NotDurable
from hub.model.message import Delivery
from hub.webhook import answer
from hub.webhook.answer import Answer, accepted, unauthorized
from hub.webhook.counters import Counters
from hub.webhook.gathering import Gathering
from hub.webhook.headers import Headers, Pairs
from hub.webhook.source import Source
from hub.webhook.verdict import Reason
from hub.wire.body import MAX_BODY_BYTES, BadBody, BodyFault, read_body
from hub.wire.rsgi import Scope, Wire, give

PREFIX = "/webhooks/"
# A sender that dawdles over its body holds a thread for as long. This many may; the rest of the threads stay with the
# console and the deliveries that are already read.
MAX_READERS = 24

_log = logging.getLogger(__name__)
_UNVERIFIED = {reason: unauthorized(reason) for reason in Reason if not reason.verified}
_ACCEPTED = {outcome: accepted(outcome) for outcome in ("new", "repeat", "conflict", "ping")}


@dataclass(frozen=True)
class Endpoint:
    """One connection's door: its source, the signing keys of its active secrets, and its settings."""

    connection: str
    source: Source
    keys: tuple[bytes, ...]
    settings: Mapping[str, Any]


class Catalogue(Protocol):
    """Who may deliver. Asked for every request, so that a rotated secret counts at once."""

    def endpoint(self, connection: str) -> Endpoint | None: ...


class Request(Protocol):
    """A POST whose body is not read yet."""

    method: str

    pairs: Pairs  # its headers

    async def body(self, cap: int) -> bytes:
        """The raw body, of at most `cap` bytes. Raises BadBody for anything ambiguous, truncated, slow or too large."""
        ...


class WebhookFrontDoor:
    """A WSGI application in front of another, and `receive` for servers that hold no thread for a request.

    `inbox` keeps a delivery on stable storage before it says so. `clock` gives the time as an aware datetime.
    """

    def __init__(
        self,
        app: WSGIApplication,
        catalogue: Catalogue,
        inbox: Inbox,
        clock: Callable[[], datetime],
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_readers: int = MAX_READERS,
    ) -> None:
        self._app = app
        self._catalogue = catalogue
        self._inbox = inbox
        self._clock = clock
        self._max_body_bytes = max_body_bytes
        self._reading = BoundedSemaphore(max_readers)
        self._gathering = Gathering(inbox)
        self.counters = Counters()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._app(environ, start_response)
        given = self._answer(path[len(PREFIX) :], environ)
        start_response(given.status, list(given.headers))
        return [given.body]

    async def look(self, scope: Scope, wire: Wire, request: Request) -> bool:
        """The first look of a server that speaks RSGI: answers what is under `/webhooks/`, and says whether it was."""
        if not scope.path.startswith(PREFIX):
            return False
        given = await self.receive(scope.path[len(PREFIX) :], request)
        give(wire, given.code, given.headers, given.body)
        return True

    async def receive(self, name: str, request: Request) -> Answer:
        """What is delivered to the connection `name`; on the one event loop of this process."""
        endpoint = None
        try:
            endpoint = self._catalogue.endpoint(name)
            given = answer.NOT_FOUND if endpoint is None else await self._receive_soon(endpoint, request)
        except Exception as error:
            given = _answer_to(error, endpoint)
        return self._counted(endpoint, given)

    def _answer(self, name: str, environ: WSGIEnvironment) -> Answer:
        endpoint = None
        try:
            endpoint = self._catalogue.endpoint(name)
            given = answer.NOT_FOUND if endpoint is None else self._receive(endpoint, environ)
        except Exception as error:
            given = _answer_to(error, endpoint)
        return self._counted(endpoint, given)

    def _counted(self, endpoint: Endpoint | None, given: Answer) -> Answer:
        self.counters.add(endpoint.connection if endpoint else "", given.outcome)
        return given

    async def _receive_soon(self, endpoint: Endpoint, request: Request) -> Answer:
        if request.method != "POST":
            return answer.NOT_POST
        body = await request.body(self._max_body_bytes)
        now = self._clock()
        found = _judged(endpoint, Headers(request.pairs), body, now)
        return found if isinstance(found, Answer) else _ACCEPTED[await self._gathering.keep(found, now)]

    def _receive(self, endpoint: Endpoint, environ: WSGIEnvironment) -> Answer:
        if environ["REQUEST_METHOD"] != "POST":
            return answer.NOT_POST
        body = self._read(environ)
        now = self._clock()
        found = _judged(endpoint, Headers.of_environ(environ), body, now)
        return found if isinstance(found, Answer) else _ACCEPTED[self._inbox.keep(found, now)]

    def _read(self, environ: WSGIEnvironment) -> bytes:
        if not self._reading.acquire(blocking=False):
            raise BadBody(BodyFault.BUSY)
        try:
            return read_body(environ, self._max_body_bytes)
        finally:
            self._reading.release()


def _judged(endpoint: Endpoint, headers: Headers, body: bytes, now: datetime) -> Answer | Delivery:
    """What is to be kept, or the answer where nothing is."""
    judged = endpoint.source.judge(headers, body, endpoint.keys, endpoint.settings, int(now.timestamp()))
    if judged.reason is Reason.PING:
        return _ACCEPTED["ping"]
    if not judged.reason.verified:
        return _UNVERIFIED[judged.reason]
    return Delivery(
        connection=endpoint.connection,
        topic=judged.topic,
        delivery_id=judged.delivery_id,
        kind=judged.kind,
        mapping=judged.mapping,
        headers=headers.kept(),
        body=judged.body,
        body_digest=judged.digest,
    )


def _answer_to(error: Exception, endpoint: Endpoint | None) -> Answer:
    if isinstance(error, BadBody):
        return answer.OF_BODY[error.fault]
    if isinstance(error, NotDurable):
        return answer.NOT_DURABLE
    connection = endpoint.connection if endpoint else ""
    _log.error("the front door failed", exc_info=error, extra={"connection": connection})
    return answer.FAILED
