"""The Flask application: API, console and probes over one desk. Webhooks have a door of their own before it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from hub.assembly.desk import Desk
from hub.server import show
from hub.server.acting import acting
from hub.server.api import api
from hub.server.console import console
from hub.server.entrance import entrance
from hub.server.guard import guard
from hub.server.probe import probe
from hub.server.problem import handle_errors

_LARGEST_FORM = 64 * 1024
_STATIC = Path(__file__).parent / "static"


def create_app(desk: Desk) -> Flask:
    """A WSGI application. It writes nothing of its own to disk and keeps no state between requests but in the store."""
    app = Flask("hub.server", static_folder=str(_STATIC), static_url_path="/static")
    app.extensions["desk"] = desk
    app.config.update(
        MAX_CONTENT_LENGTH=_LARGEST_FORM, MAX_FORM_MEMORY_SIZE=_LARGEST_FORM, SEND_FILE_MAX_AGE_DEFAULT=31536000
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if desk.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    guard(app, desk.public_url)
    handle_errors(app)
    show.install(app)
    app.jinja_env.globals["asset"] = asset
    for blueprint in (probe, api, entrance, console, acting):
        app.register_blueprint(blueprint)
    return app


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it for ever."""
    version = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={version}"
