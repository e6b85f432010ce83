"""What holds for every answer and every request of the console: headers, hosts, and who may send a form."""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

_PORT = re.compile(r":[0-9]{1,5}$")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form's Origin would say "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def guard(app: Flask, public_url: str | None) -> None:
    """Hosts by allow list (a page elsewhere that resolves to this machine gets nothing), headers, same-origin forms."""
    public = urlsplit(public_url).hostname if public_url else None
    ours = frozenset({*LOOPBACK, *([public] if public else [])})
    app.before_request(lambda: _begin(ours))
    app.after_request(_finish)


def _begin(ours: frozenset[str]) -> None:
    g.nonce = secrets.token_urlsafe(16)
    # Not Flask's TRUSTED_HOSTS, which takes no IPv6 address.
    if _PORT.sub("", request.host.lower()) not in ours:
        abort(400, "The hub is not known under this name: say it in hub.yaml as public_url.")
    if request.method not in _SAFE and not _is_same_origin():
        abort(403, "This form was sent from another site.")


def _is_same_origin() -> bool:
    """By what browsers say of a request and pages cannot forge; a client that says neither is no browser."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in _OURS:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _finish(response: Response) -> Response:
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    nonce = g.get("nonce", "")
    response.headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=nonce))
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def same(given: str | None, kept: str | None) -> bool:
    """Whether two secrets are the same, in constant time; nothing is never the same."""
    return bool(given) and bool(kept) and hmac.compare_digest((given or "").encode(), (kept or "").encode())
