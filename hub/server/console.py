"""The console's pages that only show."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, g, make_response, render_template, request
from werkzeug.wrappers import Response

from hub.language.compare import differing_fields
from hub.model.account import Role
from hub.model.cause import Weight
from hub.model.message import MessageState
from hub.model.view import BadCursor, Dossier, Entry, MessageView, Need, OrderQuery
from hub.server.api import ORDER_STATES
from hub.server.door import desk, known, may, session
from hub.server.walk import walk_of
from hub.wire import redact

console = Blueprint("console", __name__)

# The chips of the list of orders, in the order in which a person cares.
CHIPS = (
    "held",
    "parked",
    "dead",
    "running",
    "waiting",
    "new",
    "completed",
    "cancelled",
    "history",
    "ignored",
    "archived",
)
_MOST_CARDS = 40  # of one section: who has more of them needs a list, not cards
_SECTIONS = (
    (Weight.DOUBT, "In doubt", "It may have happened. Find out at the provider, then say so."),
    (Weight.STOPPED, "Stopped", "Refused, or given up. Nothing of it happened."),
    (Weight.DECISION, "Yours to decide", "Each waits for your word, and goes on from there."),
    (Weight.SETUP, "Connections and messages", "One thing to mend, then all that waits for it goes on."),
    (Weight.NOTICE, "Goes on by itself", "Nothing to do unless it lasts."),
)


@console.app_context_processor
def _frame() -> dict[str, Any]:
    """What every page's header shows."""
    found = session() if "nonce" in g else None
    return {
        "me": found.user if found else None,
        "csrf": found.csrf if found else "",
        "counts": desk().views.counts(desk().now()) if found else None,
        "needing": sum(need.needs_person for need in _needs()) if found else 0,
        "mode": desk().mode,
        "nonce": g.get("nonce", ""),
    }


def _needs() -> list[Need]:
    """What needs a person, asked for once a request."""
    if "needs" not in g:
        g.needs = desk().views.attention(desk().now())
    return list(g.needs)


@console.get("/")
@known
def home() -> Response:
    needs = _needs()
    sections = [
        (title, text, [need for need in needs if need.weight is weight])
        for weight, title, text in _SECTIONS
        if any(need.weight is weight for need in needs)
    ]
    return _page("needs.html", sections=sections, most=_MOST_CARDS, needs=[need for need in needs if need.needs_person])


@console.get("/orders")
@known
def orders() -> Response:
    states = tuple(state for state in request.args.getlist("state") if state in ORDER_STATES)
    query = OrderQuery(
        text=request.args.get("q", "")[:100],
        states=states,
        connection=request.args.get("connection") or None,
        after=request.args.get("after"),
    )
    try:
        page = desk().views.orders(query)
    except BadCursor:
        abort(HTTPStatus.BAD_REQUEST, "This page of the list does not exist: begin again.")
    return _page("orders.html", page=page, query=query, chips=CHIPS, connections=desk().views.connections())


@console.get("/orders/<connection>/<path:source_id>")
@known
def order(connection: str, source_id: str) -> Response:
    found = _dossier(connection, source_id)
    entries = desk().views.timeline(found)
    days = [(day, list(some)) for day, some in groupby(entries, key=_day)]
    return _page(
        "order.html",
        found=found,
        book=found.book,
        order=found.book.order,
        days=days,
        walk=walk_of(found.book),
        needs=_needs_of(found),
        sees_all=may(Role.OPERATOR),
        done=request.args.get("done"),
    )


@console.get("/steps/<connection>/<path:source_id>")
@known
def step(connection: str, source_id: str) -> Response:
    found = _dossier(connection, source_id)
    chosen = found.book.steps.get(request.args.get("step", ""))
    if chosen is None:
        abort(HTTPStatus.NOT_FOUND, "This order has no such step.")
    effects = [effect for effect in found.book.effects.values() if effect.step == chosen.id]
    effects.sort(key=lambda effect: effect.generation, reverse=True)
    attempts = found.attempts_of(chosen.id)[::-1]
    needs = [need for need in _needs_of(found) if need.step == chosen.id]
    return _page("step.html", found=found, step=chosen, effects=effects, attempts=attempts, needs=needs)


@console.get("/messages")
@known
def messages() -> Response:
    given = request.args.get("state", MessageState.HELD.value)
    state = MessageState(given) if given in list(MessageState) else None
    conflicts = given == "conflict"
    try:
        page = desk().views.messages(
            state, request.args.get("connection") or None, request.args.get("after"), conflicts=conflicts
        )
    except BadCursor:
        abort(HTTPStatus.BAD_REQUEST, "This page of the list does not exist: begin again.")
    return _page(
        "messages.html",
        page=page,
        state=state,
        states=list(MessageState),
        conflicts=conflicts,
        done=request.args.get("done"),
    )


@console.get("/messages/<int:number>")
@known
def message(number: int) -> Response:
    found = desk().views.message(number)
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "There is no such message.")
    return _page(
        "message.html",
        found=found,
        row=found.row,
        bodies=_bodies(found),
        differing=_differing(found),
        done=request.args.get("done"),
    )


def _bodies(found: MessageView) -> list[dict[str, Any]]:
    """Bodies as they may be shown: their shape whole, of their values only what is harmless."""
    return [
        {
            "received_at": body.received_at,
            "digest": body.digest,
            "headers": redact.headers(body.headers),
            "body": redact.body(body.body),
            "size": len(body.body),
        }
        for body in (found.received, *found.others)
    ]


def _differing(found: MessageView) -> list[list[str]]:
    """For each other body of the delivery id: the fields in which it differs from the first, without what they say."""
    return [differing_fields(found.received.body, other.body) for other in found.others]


def _day(entry: Entry) -> tuple[bool, date | None]:
    """Under which heading of the timeline it stands; all that is still to come stands under one."""
    planned = entry.kind == "planned"
    return planned, None if planned else entry.at.date()


def _dossier(connection: str, source_id: str) -> Dossier:
    found = desk().views.order(f"{connection}:{source_id}")
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "The hub does not know this order.")
    return found


def _needs_of(found: Dossier) -> list[Need]:
    """What of this order needs a person; where a whole connection stands still, that."""
    stopped = {(step.cause, step.connection) for step in found.book.steps.values()}
    return [
        need
        for need in _needs()
        if need.order == found.book.key
        or (need.order is None and need.message is None and (need.code, need.connection) in stopped)
    ]


def _page(template: str, status: HTTPStatus = HTTPStatus.OK, **facts: Any) -> Response:
    return make_response(render_template(template, **facts), status)
