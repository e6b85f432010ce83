"""Who is asking: the session of a browser, or the token of a program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar, cast
from urllib.parse import quote

from flask import Response, abort, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from hub.assembly.desk import Desk
from hub.model.account import Role, Scope, Session
from hub.server.guard import same
from hub.server.problem import Problem
from hub.vault import login

IDLE = timedelta(hours=2)
LIFE = timedelta(hours=12)

P = ParamSpec("P")
R = TypeVar("R")


def desk() -> Desk:
    """The desk of this application."""
    return cast(Desk, current_app.extensions["desk"])


def cookie_name() -> str:
    """The browser itself keeps a `__Host-` cookie to this host and to TLS."""
    return "__Host-crossdock" if request.is_secure else "crossdock"


def session() -> Session | None:
    """The session of this request; looked up once."""
    if "session" not in g:
        cookie = request.cookies.get(cookie_name())
        g.session = desk().accounts.session(login.digest(cookie), desk().now(), IDLE) if cookie else None
    return cast("Session | None", g.session)


def may(role: Role) -> bool:
    """Whether whoever asks has at least this role."""
    found = session()
    return found is not None and found.user.role.may(role)


def known(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
    """For pages: whoever is not logged in is sent to the login, and comes back here afterwards."""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R | AnyResponse:
        return view(*args, **kwargs) if session() is not None else _to_login()

    return wrapped


def _to_login() -> AnyResponse:
    where = "/setup" if desk().accounts.awaits_setup() else "/login"
    if request.headers.get("HX-Request") == "true":  # a page that was open when its session ended
        return Response("", HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": where})
    back = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(where if back == "/" else f"{where}?next={quote(back, safe='')}")


def require(role: Role) -> None:
    """Ends the request where the session lacks the role."""
    if not may(role):
        abort(HTTPStatus.FORBIDDEN, f"This needs the role {role.value}, or more.")


def check_form() -> None:
    """Ends the request where a form does not carry its session's secret."""
    found = session()
    if found is None or not same(request.form.get("csrf"), found.csrf):
        abort(HTTPStatus.FORBIDDEN, "This form is no longer valid: load the page again.")


def scoped(scope: Scope) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For the API: a token with this scope, or a session."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            _check_scope(scope)
            return view(*args, **kwargs)

        return wrapped

    return decorate


def _check_scope(scope: Scope) -> None:
    given = request.headers.get("Authorization")
    if given is None:
        if session() is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "a token is needed", WWW_Authenticate='Bearer realm="crossdock"')
        return
    kind, _, token = given.partition(" ")
    found = None
    if kind.lower() == "bearer" and login.looks_real(token):
        found = desk().accounts.token(login.digest(token), desk().now())
    if found is None:
        challenge = 'Bearer realm="crossdock", error="invalid_token"'
        raise Problem(HTTPStatus.UNAUTHORIZED, "the token is unknown, expired or revoked", WWW_Authenticate=challenge)
    if scope not in found.scopes:
        raise Problem(HTTPStatus.FORBIDDEN, f"the token lacks the scope {scope.value}")
