"""What stands in the way of a translation, said so that a person can act on it: where, what, and what to do."""

from __future__ import annotations

import re

from pydantic import ValidationError

from hub.language.problem import path_text
from hub.model.message import FieldProblem

# More than a person reads; a payload of 150 KB can have a quarter of a million of them, and they are all stored.
MOST_PROBLEMS = 100

_INDEX = re.compile(r"\[\d+\]")
_SAYINGS = {
    "missing": "the payload gives nothing for it",
    "string_type": "it is not a text",
    "int_type": "it is not a whole number",
    "int_from_float": "it is not a whole number",
    "list_type": "it is not a list",
    "model_type": "it is not a mapping",
    "greater_than_equal": "it is less than 0",
    "extra_forbidden": "the canonical document has no such field",
}
_PATTERNS = {
    "currency": "it is not a currency's code of three capital letters",
    "presentment_currency": "it is not a currency's code of three capital letters",
    "address_country": "it is not a country's code of two capital letters",
    "origin_country": "it is not a country's code of two capital letters",
}


def from_expression(what: str, path: str, mapping: str, declared: str) -> FieldProblem:
    """An expression that found no value."""
    return FieldProblem(path, what, _mend(mapping, declared))


def missing(path: str, mapping: str) -> FieldProblem:
    """The payload does not say what must be known."""
    return FieldProblem(path, "the payload gives nothing for it", _mend(mapping, path))


def wrong_kind(path: str, wanted: str) -> FieldProblem:
    """The payload is of another make."""
    return FieldProblem(path, f"{wanted} was expected here", "see whether this mapping is meant for this payload")


def fewer(problems: list[FieldProblem]) -> tuple[FieldProblem, ...]:
    """Each problem once, and of very many the first, with a word that there are more."""
    distinct = tuple(dict.fromkeys(problems))
    if len(distinct) <= MOST_PROBLEMS:
        return distinct
    more = FieldProblem("", "there are more problems than these", "see whether this mapping is meant for this payload")
    return (*distinct[:MOST_PROBLEMS], more)


def from_validation(error: ValidationError, mapping: str, where: str) -> list[FieldProblem]:
    """What keeps a filled-in template from being a canonical document. Values are not quoted: they may be personal."""
    found = []
    details = error.errors(include_url=False, include_input=False, include_context=False)
    for detail in details[: MOST_PROBLEMS + 1]:
        path = tuple(part for part in detail["loc"])
        last = str(path[-1]) if path else ""
        if detail["type"] == "string_pattern_mismatch" and last in _PATTERNS:
            what = _PATTERNS[last]
        else:
            what = _SAYINGS.get(detail["type"], str(detail["msg"]).lower())
        found.append(FieldProblem(path_text(path), what, _mend(mapping, f"{where}.{path_text(path)}")))
    return found


def _mend(mapping: str, declared: str) -> str:
    place = _INDEX.sub("", declared)
    return f"correct it in the store, or change {place} in the mapping {mapping}"
