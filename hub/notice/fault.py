"""Whatever goes wrong in a template, told as a problem: file, line, what is wrong, how to mend it."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError

from hub.language.problem import Problem, suggestion
from hub.notice.environment import Misuse

_NO_FILTER = re.compile(r"No filter named '([^']*)'")
_UNKNOWN = re.compile(r"'([^']*)' is undefined")
README = "see the README of the templates' folder"


def problem_of(error: Exception, template: str, filters: frozenset[str], names: frozenset[str]) -> Problem:
    """The error as a problem; `template` is its place when it knows none, `names` what the letter may name."""
    if isinstance(error, TemplateSyntaxError):
        mend = _syntax_mend(error.message or "", filters)
        return Problem(error.filename or error.name or template, error.lineno, 1, "", _short(error.message), mend)
    file, line = _place(error, template)
    if isinstance(error, Misuse):
        unknown = _UNKNOWN.fullmatch(error.what)
        return Problem(file, line, 1, "", error.what, suggestion(unknown[1], names) if unknown else error.mend)
    if isinstance(error, TemplateNotFound):
        return Problem(file, line, 1, "", f"there is no template '{error.name}'", f"name one that exists; {README}")
    if isinstance(error, SecurityError):
        return Problem(file, line, 1, "", f"not allowed in a message: {_short(str(error))}", f"leave it out; {README}")
    what = _short(f"{type(error).__name__}: {error}")
    return Problem(file, line, 1, "", what, f"correct the expression on this line; {README}")


def _syntax_mend(message: str, filters: frozenset[str]) -> str:
    unknown = _NO_FILTER.search(message)
    if unknown:
        return suggestion(unknown[1], filters)
    if "escaping" in message:
        return "remove the autoescape tag: values are always escaped in HTML"
    return "close every {% block %}, {% if %} and {% for %}, and every {{ with }}"


def _place(error: Exception, template: str) -> tuple[str, int]:
    """The innermost line of a template in the traceback, which Jinja2 rewrote to name the templates' own lines."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).suffix in (".txt", ".html")]
    return (frames[-1].filename, frames[-1].lineno or 1) if frames else (template, 1)


def _short(text: str | None) -> str:
    return " ".join((text or "the template cannot be read").split())[:300]
