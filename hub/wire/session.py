"""A requests session for vendor SDKs, carried by our transport: the same guard, caps and deadline as a manifest gets.

The SDK sees requests' `ConnectionError`; its `__cause__` is the `NotSent` or `Unanswered` that tells whether the call
may have been executed (`cause_of` digs it out from under whatever the SDK wrapped around it).
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.response import HTTPResponse

from hub.wire.call import Request, Timeout, Transport, WireError

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "accept-encoding", "host"})


class TransportAdapter(BaseAdapter):
    """Sends a prepared request through a `Transport`; ignores the SDK's own time-out, proxies and retries.

    `deadline` is the whole call's, in seconds, and wins over what the SDK asks for when that is longer.
    """

    def __init__(self, transport: Transport, timeout: Timeout) -> None:
        super().__init__()
        self._transport = transport
        self._timeout = timeout

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: str | bytes | tuple[str | bytes, str | bytes] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        headers = tuple((_text(n), _text(v)) for n, v in request.headers.items() if _text(n).lower() not in _FRAMING)
        call = Request(
            request.method or "GET",
            request.url or "",
            headers,
            _bytes(request.body),
            self._timeout,
        )
        try:
            answer = self._transport.send(call)
        except WireError as error:
            raise requests.exceptions.ConnectionError(error.what, request=request) from error
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.url = call.url
        response.request = request
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw = HTTPResponse(
            body=io.BytesIO(answer.body),
            status=answer.status,
            headers=dict(answer.headers),
            preload_content=False,
        )
        return response

    def close(self) -> None:
        """The transport's connections belong to whoever made it."""


def session(transport: Transport, timeout: Timeout) -> requests.Session:
    """A session whose every call goes through `transport`: no environment, no redirects, no retries."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    made.mount("https://", TransportAdapter(transport, timeout))
    made.mount("http://", TransportAdapter(transport, timeout))
    return made


def cause_of(error: BaseException) -> WireError | None:
    """The `NotSent` or `Unanswered` at the bottom of an SDK's exception, or None."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, WireError):
            return current
        seen.add(id(current))
        current = current.__cause__ or current.__context__
    return None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    read = getattr(body, "read", None)
    if read is None:
        raise TypeError("a streamed request body is not supported")
    return _bytes(read())
