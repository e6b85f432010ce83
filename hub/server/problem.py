"""Problem documents (RFC 9457) of the API, and error pages of the console."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from hub.wire.problem import CONTENT_TYPE, document

API_PATHS = ("/api/", "/metrics", "/healthz", "/readyz")


_WORDS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address cannot be asked in this way.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is more than is accepted here.",
}


class Problem(Exception):
    """Ends a request of the API. `detail` is for the caller and never quotes what was sent."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem(status: HTTPStatus, detail: str) -> Response:
    return Response(document(status, detail), status.value, content_type=CONTENT_TYPE)


def handle_errors(app: Flask) -> None:
    """Every error of the API is a problem document, every error of a page a page. A defect shows nothing of itself."""

    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        answer = problem(error.status, error.detail)
        answer.headers.extend({name.replace("_", "-"): value for name, value in error.headers.items()})
        return answer

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        own = error.description if error.description != type(error).description else None
        return _answer(status, own or _WORDS.get(status, status.phrase))

    @app.errorhandler(Exception)
    def _defect(error: Exception) -> Response:
        app.logger.error("a request met a defect: %s", type(error).__name__, exc_info=error)
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The hub stumbled over this request. Its log says more.")


def _answer(status: HTTPStatus, detail: str) -> Response:
    if request.path.startswith(API_PATHS):
        return problem(status, detail)
    return Response(render_template("error.html", status=status, detail=detail), status.value)
