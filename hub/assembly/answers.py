"""A file of answers for `crossdock connect`: what a person would be asked, given beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from hub.assembly.config import ConnectionPart
from hub.language.document import Document, load, loads, validate
from hub.language.problem import Problem, Problems


class Answers(ConnectionPart):
    """Everything a connection may have in `hub.yaml`, and what connecting does besides."""

    route: Literal["warehouse", "self"] | bool | None = Field(
        default=None, description="add a routing rule for it; true: by the method its connector serves"
    )
    register_webhooks: bool | None = Field(
        default=None, description="false: register none, though there is a public URL"
    )


def read_answers(path: Path | None) -> tuple[Document, dict[str, Any]]:
    """The answers in a file, as they are written. Raises Problems."""
    document = loads("{}", "answers") if path is None else load(path)
    read = validate(document, Answers)
    return document, read.model_dump(mode="json", exclude_unset=True)


def refuse(document: Document, faults: list[tuple[tuple[str, ...], str, str]]) -> None:
    """Raises Problems for faults at places of the answers: (place, what, mend)."""
    problems: list[Problem] = [document.problem(place, what, mend) for place, what, mend in faults]
    if problems:
        raise Problems(problems)
