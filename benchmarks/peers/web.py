"""The front door that the queues' documentations show: a Flask route that verifies, enqueues and answers."""

from __future__ import annotations

from collections.abc import Callable

import flask
import work


def app_of(enqueue: Callable[[dict], object]) -> flask.Flask:
    """`enqueue` returns when the order is in the queue for good."""
    app = flask.Flask(__name__)

    @app.post("/webhooks/shop")
    def receive() -> tuple[str, int]:
        body = flask.request.get_data()
        if not work.signed(flask.request.headers.get("X-WC-Webhook-Signature", ""), body):
            return "", 401
        enqueue(work.canonical(body))
        return "", 200

    return app
