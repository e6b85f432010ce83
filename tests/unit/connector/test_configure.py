"""A connection's settings and secrets are judged before anything is called."""

from __future__ import annotations

from typing import Any

import pytest

from hub.connector.configure import misfits
from tests.unit.connector.provider import HEAD, made, manifest

HEADED = HEAD.replace(
    "settings:\n",
    "settings:\n  area: {title: Area, where: the dashboard}\n"
    "  tone: {title: Tone, type: choice, choices: [low, high], optional: true}\n"
    "  code: {title: Code, pattern: '[a-z]+', optional: true}\n  map: {title: Map, type: table, default: {}}\n"
    "  on: {title: On, type: boolean, default: true}\n  list: {title: List, type: list, optional: true}\n"
    "  part: {title: Part, type: decimal, optional: true}\n",
)


def said(settings: dict[str, Any], *secrets: str) -> list[str]:
    found = misfits(made(manifest(head=HEADED)), settings, secrets or ("token",))
    assert all(misfit.mend for misfit in found)
    return [f"{'.'.join(misfit.path)}: {misfit.what}; {misfit.mend}" for misfit in found]


def test_what_fits() -> None:
    assert said({"area": "north", "tone": "low", "code": "abc", "map": {"a": "b"}, "rank": 3, "part": 1}) == []


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({}, "settings.area: the setting 'area' is missing (Area); the dashboard"),
        ({"area": "n", "shopp": "x"}, "did you mean 'shop'"),
        ({"area": 5}, "'area' is not of the type text"),
        ({"area": "n", "rank": "3"}, "write a whole number"),
        ({"area": "n", "rank": True}, "write a whole number"),
        ({"area": "n", "tone": "lo"}, "did you mean 'low'"),
        ({"area": "n", "code": "ABC"}, "does not have the form"),
        ({"area": "n", "map": "x"}, "write a mapping"),
        ({"area": "n", "on": "yes"}, "write true or false"),
        ({"area": "n", "list": "x"}, "write a list"),
    ],
)
def test_what_does_not(settings: dict[str, Any], what: str) -> None:
    assert any(what in line for line in said(settings)), said(settings)


def test_secrets() -> None:
    assert any("the secret 'token' is missing" in line for line in said({"area": "n"}, "other"))
    assert any("no way of authorising" in line for line in said({"area": "n"}, "other"))
    assert any("did you mean 'token'" in line for line in said({"area": "n"}, "token", "tokn"))
