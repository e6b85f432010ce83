from __future__ import annotations

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel, ConfigDict, Field

from hub.language.problem import Problem, Problems, nearest, path_text, suggestion
from hub.language.schema import publish
from hub.language.secret import is_reference, looks_leaked


class Toy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="How it is called.")
    size: int = 1


def test_a_published_schema_is_valid_and_judges_documents() -> None:
    schema = publish(Toy, "toy", "A toy.")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "crossdock:toy"
    jsonschema.validate({"name": "a"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"nme": "a"}, schema)


@pytest.mark.parametrize("text", ["${env:TOKEN}", "${file:/run/secrets/a}", "${secret:shop/token}"])
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "token", "${TOKEN}", "${env:}", "a${env:X}", "${env:X}${env:Y}", "${env:X\n}"])
def test_what_is_no_reference(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "shpat_" + "0123456789abcdef0123456789abcdef",
        "ck_" + "0123456789abcdef0123456789abcdef01234567",
        "Bearer ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
    ],
)
def test_what_providers_hand_out_is_recognised(text: str) -> None:
    assert looks_leaked(text)
    assert not looks_leaked(text[:6])


def test_suggestions() -> None:
    assert nearest("Mode", {"mode", "name"}) == "mode"
    assert nearest("zzz", {"mode"}) is None
    assert suggestion("nam", {"mode", "name"}) == "did you mean 'name'? known here: mode, name"
    assert suggestion("x", set()) == "nothing may be named here"
    assert "60 names" in suggestion("x", {f"n{i}" for i in range(60)})


def test_problems_are_sorted_and_said_once() -> None:
    late = Problem("a", 9, 1, "", "x", "y")
    early = Problem("a", 2, 1, "", "x", "y")
    assert Problems([late, early, late]).problems == (early, late)
    assert path_text(("steps", 0, "when")) == "steps[0].when"
