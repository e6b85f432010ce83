"""Problem documents (RFC 9457): what a refused request is answered with, wherever it was refused."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

CONTENT_TYPE = "application/problem+json"


def document(status: HTTPStatus, detail: str, **more: str) -> bytes:
    """`detail` is for whoever asked, and never quotes the request. `more`: members beside the standard's."""
    said = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return msgspec.json.encode(said)
