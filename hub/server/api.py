"""The API: reading, as JSON. Every answer is an object; lists have `next`, a cursor to give back as `after`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from hub.model.account import Scope
from hub.model.message import MessageState
from hub.model.plain import dossier_document, plain
from hub.model.view import BadCursor, OrderQuery
from hub.server.door import desk, scoped
from hub.server.problem import Problem

api = Blueprint("api", __name__, url_prefix="/api")

ORDER_STATES = (
    "new", "running", "waiting", "held", "parked", "dead", "completed", "cancelled", "history", "ignored", "archived",
)  # fmt: skip


@api.get("/orders")
@scoped(Scope.ORDERS)
def orders() -> Response:
    """`state` (may be repeated), `connection`, `q` (in label or source id), `after`, `limit` (1 to 200)."""
    states = tuple(request.args.getlist("state"))
    _known("state", states, ORDER_STATES)
    query = OrderQuery(
        text=request.args.get("q", "")[:100],
        states=states,
        connection=request.args.get("connection"),
        after=request.args.get("after"),
        limit=_limit(),
    )
    try:
        page = desk().views.orders(query)
    except BadCursor as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"after: {error}") from error
    return _answer({"orders": page.rows, "next": page.next})


@api.get("/orders/<path:key>")
@scoped(Scope.ORDERS)
def order(key: str) -> Response:
    """One order by its key (`connection:source-id`), with steps, effects, attempts and its timeline."""
    found = desk().views.order(key)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such order; its key is connection:source-id")
    return jsonify(dossier_document(found, desk().views.timeline(found)))


@api.get("/attention")
@scoped(Scope.ATTENTION)
def attention() -> Response:
    """Everything that needs a person, the most pressing first, and `notices`: what goes on by itself."""
    needs = desk().views.attention(desk().now())
    return _answer(
        {
            "needs": [need for need in needs if need.needs_person],
            "notices": [need for need in needs if not need.needs_person],
        }
    )


@api.get("/messages")
@scoped(Scope.MESSAGES)
def messages() -> Response:
    """`state`, `connection`, `after`, `limit`. What was received is not in it, only what became of it."""
    given = request.args.get("state")
    _known("state", (given,) if given else (), [state.value for state in MessageState])
    state = MessageState(given) if given else None
    try:
        page = desk().views.messages(state, request.args.get("connection"), request.args.get("after"), _limit())
    except BadCursor as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"after: {error}") from error
    return _answer({"messages": page.rows, "next": page.next})


def _answer(document: dict[str, Any]) -> Response:
    return jsonify(plain(document))


def _limit() -> int:
    given = request.args.get("limit", "50")
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:4]) <= 200:
        raise Problem(HTTPStatus.BAD_REQUEST, "limit: a number from 1 to 200")
    return int(given)


def _known(name: str, given: tuple[str, ...], allowed: Any) -> None:
    if any(value not in allowed for value in given):
        raise Problem(HTTPStatus.BAD_REQUEST, f"{name}: one of {', '.join(allowed)}")
