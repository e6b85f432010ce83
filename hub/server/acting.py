"""The console's forms: each shows first what it would do, then does exactly that, with a reason on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from hub.assembly.acts import Acts, PlannedEffect, Refused
from hub.model.account import role_for
from hub.model.step import Step
from hub.model.view import Dossier
from hub.server.door import check_form, desk, known, require, session
from hub.server.show import order_url

acting = Blueprint("acting", __name__, url_prefix="/act")

_LONGEST_REASON = 500
DECISIONS = {
    "happened": ("It happened", "The provider has it. Give the provider's id."),
    "did_not": ("It did not happen", "The provider surely has nothing of it. It is sent again under the same key."),
    "new_generation": ("Send a new one", "Whatever became of the old one, a new one is sent under a new key."),
    "abandon": ("Leave it", "Nothing more is done about it."),
}


@dataclass(frozen=True)
class _Asked:
    """What a form is about. `cause` is that of the step, or of the first thing that holds the order."""

    act: str
    order: str | None
    step: str | None
    connection: str | None
    message: int | None
    cause: str | None
    found: Dossier | None = None

    @property
    def chosen(self) -> Step | None:
        return self.found.book.steps.get(self.step or "") if self.found else None

    @property
    def back(self) -> str:
        if self.order:
            return order_url(self.order)
        return "/messages" if self.act == "messages" else "/"


_Do = Callable[[Acts, _Asked, Mapping[str, str], str, str], Any]


def _replay(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.replay(asked.order or "", asked.step, actor, why)


def _release(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.release(asked.order or "", asked.step, actor, why)


def _resolve(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    reference = form.get("reference", "").strip()[:200] or None
    return acts.resolve(asked.order or "", asked.step or "", form.get("decision", ""), reference, actor, why)


def _adopt(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.adopt(asked.order or "", actor, why)


def _cancel(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.cancel(asked.order or "", actor, why)


def _resume(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.resume(asked.connection or "", actor, why)


def _pause(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    return acts.pause(asked.connection or "", actor, why)


def _messages(acts: Acts, asked: _Asked, form: Mapping[str, str], actor: str, why: str) -> Any:
    if asked.cause == "conflict":
        return acts.accept_conflict(asked.message or 0, actor, why)
    ids = [asked.message] if asked.message else []
    return acts.release_messages(ids, asked.connection, asked.cause, actor, why)


_DOES: dict[str, _Do] = {
    "replay": _replay,
    "release": _release,
    "resolve": _resolve,
    "adopt": _adopt,
    "cancel": _cancel,
    "resume": _resume,
    "pause": _pause,
    "messages": _messages,
}


@acting.get("/<act>")
@known
def ask(act: str) -> Response:
    asked = _asked(act)
    return _form(asked)


@acting.post("/<act>")
@known
def do(act: str) -> Response:
    check_form()
    asked = _asked(act)
    found = session()
    assert found is not None  # check_form has ended the request otherwise
    why = " ".join(request.form.get("why", "").split())[:_LONGEST_REASON]
    if not why:
        return _form(asked, "Say why: it stays in the order's history.", HTTPStatus.BAD_REQUEST)
    try:
        _DOES[act](desk().acts, asked, request.form, found.user.name, why)
    except Refused as refusal:
        return _form(asked, f"{refusal}".capitalize()[:1] + f"{refusal}"[1:] + ".", HTTPStatus.CONFLICT)
    return redirect(f"{asked.back}?done={act}", HTTPStatus.SEE_OTHER)


def _asked(act: str) -> _Asked:
    """What the form is about, if it exists and the session's role reaches so far."""
    if act not in _DOES:
        abort(HTTPStatus.NOT_FOUND, "There is no such form.")
    key, step, number = request.values.get("order"), request.values.get("step"), request.values.get("message", type=int)
    connection, cause = request.values.get("connection"), request.values.get("cause")
    found = desk().views.order(key) if key else None
    if (key and found is None) or (not key and act in ("replay", "release", "resolve", "adopt", "cancel")):
        abort(HTTPStatus.NOT_FOUND, "The hub does not know this order.")
    chosen = found.book.steps.get(step) if found and step else None
    if step and chosen is None:
        abort(HTTPStatus.NOT_FOUND, "This order has no such step.")
    if found is not None:
        stopped = [chosen] if chosen else list(found.book.steps.values())
        cause = _gravest([one.cause for one in stopped if one.cause])
    require(role_for(act, chosen.capability if chosen else None, cause))
    return _Asked(act, key, step, connection, number, cause, found)


def _gravest(causes: list[str]) -> str | None:
    """The one that asks for the highest role: nobody approves by releasing something beside it."""
    return max(
        causes, key=lambda cause: list(type(role_for("release"))).index(role_for("release", cause=cause)), default=None
    )


def _plan(asked: _Asked) -> list[PlannedEffect]:
    acts = desk().acts
    try:
        if asked.act == "adopt" and asked.order:
            return acts.adoption_plan(asked.order)
        if asked.order and asked.act == "release":
            return acts.release_plan(asked.order, asked.step)
        if asked.order and asked.act in ("replay", "cancel"):
            return acts.replay_plan(asked.order, asked.step)
    except Refused:
        return []
    return []


def _held(asked: _Asked) -> int | None:
    """How many messages a release lets go; None where it is about something else."""
    if asked.act != "messages" or asked.cause == "conflict":
        return None
    return 1 if asked.message else len(desk().views.held_messages(asked.connection, asked.cause))


def _form(asked: _Asked, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    page = render_template(
        "act.html",
        asked=asked,
        found=asked.found,
        plan=_plan(asked),
        decisions=DECISIONS,
        held=_held(asked),
        fault=fault,
        why=request.form.get("why", ""),
        decision=request.form.get("decision"),
    )
    return make_response(page, status)
