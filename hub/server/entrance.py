"""Logging in and out, and the first user."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from hub.model.account import NotAllowed
from hub.server.door import LIFE, check_form, cookie_name, desk, session
from hub.server.guard import same
from hub.server.setup import forget_offer
from hub.vault import login

entrance = Blueprint("entrance", __name__)

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_VISIT = "crossdock-visit"  # ties a form before the login to the browser that asked for it
_FREE_FAILURES = {"account": 4, "address": 12}  # so many are free; then each doubles the wait
# An account is never closed for long: else anybody could lock its owner out.
_LONGEST_WAIT = {"account": timedelta(seconds=60), "address": timedelta(minutes=15)}
_WRONG = "That name and password do not fit together."


def safe_next(where: str | None) -> str:
    """A path of ours to go on to; anything else is the home page."""
    if not where or not where.startswith("/") or where.startswith(("//", "/\\")) or re.search(r"[\x00-\x20\\]", where):
        return "/"
    return where


@entrance.get("/login")
def show_login() -> AnyResponse:
    if desk().accounts.awaits_setup():
        return redirect("/setup")
    if session() is not None:
        return redirect(safe_next(request.args.get("next")))
    return _form("login.html")


@entrance.post("/login")
def log_in() -> AnyResponse:
    _check_visit()
    name, password = request.form.get("name", "").strip().lower(), request.form.get("password", "")
    keys = {"account": f"account:{name[:40]}", "address": f"address:{request.remote_addr}"}
    accounts, now = desk().accounts, desk().now()
    free_at = accounts.free_at(list(keys.values()), now)
    if free_at is not None:
        seconds = int((free_at - now).total_seconds()) + 1
        return _form("login.html", HTTPStatus.TOO_MANY_REQUESTS, f"Too many tries. Wait {seconds} s, then try again.")
    user = accounts.user(name)
    fits = login.verify_password(user.password if user and not user.disabled else None, password)
    if user is None or not fits:
        accounts.login_failed({key: _wait(kind, accounts.failures(key)) for kind, key in keys.items()}, now)
        current_app.logger.warning("a login failed")
        return _form("login.html", HTTPStatus.UNAUTHORIZED, _WRONG)
    accounts.login_succeeded([keys["account"]])
    return _enter(user.name, safe_next(request.form.get("next")))


def _wait(kind: str, failures: int) -> timedelta:
    """After the free ones, each failure doubles the wait until the next try."""
    beyond = failures + 1 - _FREE_FAILURES[kind]
    return min(timedelta(seconds=2 ** min(beyond, 20)), _LONGEST_WAIT[kind]) if beyond > 0 else timedelta(0)


@entrance.post("/logout")
def log_out() -> AnyResponse:
    check_form()
    found = session()
    if found is not None:
        desk().accounts.end_session(found.digest)
    answer = redirect("/login")
    answer.delete_cookie(cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return answer


@entrance.get("/setup")
def show_setup() -> AnyResponse:
    return _form("setup.html") if desk().accounts.awaits_setup() else redirect("/login")


@entrance.post("/setup")
def set_up() -> AnyResponse:
    _check_visit()
    name, password = request.form.get("name", "").strip().lower(), request.form.get("password", "")
    fault = None if _NAME.fullmatch(name) else "Choose a name of 2 to 40 letters, digits, dots or dashes."
    fault = fault or login.misfit(name, password)
    if fault is None:
        try:
            token = request.form.get("token", "").strip()
            desk().accounts.set_up(login.digest(token), name, login.hash_password(password), desk().now())
        except NotAllowed:
            fault = "This setup token is not valid. The hub shows the current one when it starts."
    if fault is not None:
        return _form("setup.html", HTTPStatus.BAD_REQUEST, fault)
    forget_offer(desk().data)
    return _enter(name, "/")


def _enter(name: str, where: str) -> AnyResponse:
    """A new session under a new cookie, whatever the browser had before."""
    old = session()
    if old is not None:
        desk().accounts.end_session(old.digest)
    cookie = login.new_cookie()
    desk().accounts.begin_session(login.digest(cookie), name, login.new_cookie(), desk().now(), LIFE)
    answer = redirect(where, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie_name(), cookie, max_age=LIFE, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
    answer.delete_cookie(_VISIT, path="/")
    return answer


def _form(template: str, status: HTTPStatus = HTTPStatus.OK, fault: str | None = None) -> Response:
    visit = request.cookies.get(_VISIT) or login.new_cookie()
    where = safe_next(request.values.get("next"))
    name = request.form.get("name", "")[:40]
    answer = make_response(render_template(template, visit=visit, fault=fault, where=where, name=name), status)
    answer.set_cookie(_VISIT, visit, max_age=3600, path="/", secure=request.is_secure, httponly=True, samesite="Strict")
    return answer


def _check_visit() -> None:
    if not same(request.form.get("visit"), request.cookies.get(_VISIT)):
        abort(HTTPStatus.FORBIDDEN, "This form is no longer valid: load the page again.")
