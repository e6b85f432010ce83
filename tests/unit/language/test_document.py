from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from hub.language.document import Document, load, loads, validate
from hub.language.problem import Mendable, Problem, Problems
from hub.language.secret import SecretReference


def faults(text: str) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        loads(text, "a.yaml")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("017", "017"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("0x1f", "0x1f"),
        ("1e3", "1e3"),
        ("+1", "+1"),
        (".5", ".5"),
        ("'12'", "12"),
        ("! 12", "12"),
        ("12", 12),
        ("-3", -3),
        ("10.00", Decimal("10.00")),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">-\n  one\n  line\n", "one line"),
    ],
)
def test_a_scalar_means_what_it_looks_like(text: str, value: object) -> None:
    found = loads(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "what", "line", "column"),
    [
        ('a: !!python/object/apply:os.system ["id"]', "tag", 1, 4),
        ("a: !foo bar", "tag", 1, 4),
        ("!foo a: 1", "anchor or a tag", 1, 1),
        ("a: &x [1]\nb: *x", "anchor", 1, 4),
        ("b: 1\na: *x", "alias", 2, 4),
        ("a: 1\n<<: {b: 2}", "merge", 2, 1),
        ("a: 1\nb: 2\na: 2", "twice", 3, 1),
        ("a: 1\n---\nb: 2", "second document", 2, 1),
        ("%YAML 1.1\n---\na: 1", "directives", 2, 1),
        ("a: .inf", "not a number", 1, 4),
        ("a: -.INF", "not a number", 1, 4),
        ("a: .nan", "not a number", 1, 4),
        ("[" * 5000, "deeper", 1, 34),
        ("\ta: 1", "not YAML", 1, 1),
        ("a: b: c", "not YAML", 1, 5),
        ("? [a]\n: 1", "key must be a word", 1, 3),
        ("a: [1, 2", "not YAML", 1, 9),
        ("token: " + "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "secret", 1, 8),
        ("x: '-----BEGIN RSA PRIVATE KEY-----'", "secret", 1, 4),
    ],
)
def test_what_the_language_leaves_out_is_refused_at_its_place(text: str, what: str, line: int, column: int) -> None:
    found = faults(text)[0]
    assert what in found.what
    assert (found.file, found.line, found.column) == ("a.yaml", line, column)
    assert found.mend


def test_billions_of_laughs_are_refused_before_they_grow() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert any("anchor" in fault.what for fault in faults("l0: &l0 lol\n" + "\n".join(levels)))


def test_sizes_and_encodings(tmp_path: Path) -> None:
    assert "larger" in faults("a: " + "x" * 300_000)[0].what
    cases = {"utf16.yaml": "a: 1".encode("utf-16"), "large.yaml": b"a: " + b"x" * 300_000, "latin.yaml": b"a: \xe9"}
    for name, raw in cases.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(Problems):
            load(tmp_path / name)
    with pytest.raises(Problems, match="cannot be read"):
        load(tmp_path / "absent.yaml")
    (tmp_path / "marked.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert load(tmp_path / "marked.yaml").data == {"a": 1}


def test_all_faults_of_a_document_are_told_at_once() -> None:
    found = faults("a: &x 1\nb: !t 2\nb: .nan\n")
    assert [fault.line for fault in found] == [1, 2, 3, 3]
    assert str(found[0]).startswith("a.yaml:1:4: an anchor stands here; ")


def test_places() -> None:
    document = loads("steps:\n  - name: a\n    when: '= x'\n  - name: b\n")
    assert document.at(("steps", 0, "when")) == (3, 11)
    assert document.at(("steps", 1)) == (4, 5)
    assert document.at(("steps", 1, "absent")) == (4, 5)
    assert document.at(()) == (1, 1)
    assert document.problem(("steps", 0, "when"), "w", "m", offset=2).column == 14
    assert document.problem(("steps", 0, "when"), "w", "m", at_key=True).column == 5


def test_the_hash_is_of_the_meaning() -> None:
    one = loads("b: 1\na: {x: 1.0}  # said twice")
    assert one.hash == loads("a:\n  x: 1.0\nb: 1").hash
    assert one.hash != loads("a:\n  x: 1.00\nb: 1").hash
    assert len(one.hash) == 64


def test_an_empty_document_is_null() -> None:
    assert loads("").data is None
    assert loads("# only a comment").data is None


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Literal["call"]
    name: str
    attempts: Annotated[int, Field(ge=1)] = 1


class Wait(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Literal["wait"]
    evidence: str


class Flow(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    flow: str
    mode: Literal["observe", "approve", "live"] = "observe"
    steps: list[Annotated[Step | Wait, Field(discriminator="kind")]] = []
    tables: dict[str, dict[str, str]] = {}
    enabled: bool = True
    token: SecretReference = "${env:TOKEN}"


def wrong(text: str) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        validate(loads(text, "f.yaml"), Flow)
    return list(caught.value.problems)


def test_a_document_becomes_its_model() -> None:
    flow = validate(loads("flow: x\nsteps: [{kind: call, name: a}]"), Flow)
    assert flow.steps == [Step(kind="call", name="a")]


@pytest.mark.parametrize(
    ("text", "line", "column", "what", "mend"),
    [
        ("mode: live", 1, 1, "'flow' is missing", "add 'flow:'"),
        ("flow: x\nmoode: live", 2, 1, "'moode' is not known", "did you mean 'mode'?"),
        ("flow: x\nmode: life", 2, 7, "'life' is not one of", "did you mean 'live'?"),
        ("flow: 12", 1, 7, "a text is wanted here, not 12", "quotes"),
        ("flow: x\nenabled: 'yes'", 2, 10, "true or false is wanted", "without quotes"),
        ("flow: x\nsteps: 3", 2, 8, "a list is wanted", "- "),
        ("flow: x\nsteps:\n - kind: cal\n   name: a", 3, 4, "'cal' is not a kind", "did you mean 'call'?"),
        ("flow: x\nsteps:\n - name: a", 3, 4, "'kind' is missing", "add 'kind'"),
        ("flow: x\nsteps:\n - kind: call\n   nme: a", 4, 4, "'nme' is not known", "did you mean 'name'?"),
        ("flow: x\nsteps:\n - kind: call\n   name: a\n   attempts: 0", 5, 14, "outside", "at least 1"),
        ("flow: x\ntables: {a: {b: 1}}", 2, 17, "a text is wanted here, not 1", "quotes"),
        ("flow: x\ntoken: abc", 2, 8, "a secret stands here in plain text", "${env:NAME}"),
        ("- a", 1, 1, "a mapping is wanted", "key: value"),
    ],
)
def test_every_fault_has_a_place_and_a_mend(text: str, line: int, column: int, what: str, mend: str) -> None:
    found = [fault for fault in wrong(text) if what in fault.what]
    assert found, wrong(text)
    assert (found[0].line, found[0].column) == (line, column)
    assert mend in found[0].mend


def test_all_faults_of_a_model_are_told_at_once() -> None:
    assert len(wrong("mode: x\nsteps: [{kind: call}, {kind: wait, evidence: 1}]\nextra: 1")) == 5


def test_a_validator_may_say_its_own_mend() -> None:
    error = Mendable("the size is odd", "make it even")
    assert str(error) == "the size is odd; make it even"


def test_a_document_can_be_made_by_hand() -> None:
    document = Document("x", {}, {}, "")
    assert document.at(("a",)) == (1, 1)


@pytest.mark.parametrize("text", ['a: "\\ud800"', 'a: "x\\0"', '"\\udc00": 1', '["\\ud83d\\ude00"]'])
def test_an_escape_that_nothing_can_store_is_refused_at_its_place(text: str) -> None:
    """Half a character ended the loading with a UnicodeEncodeError, and NUL went on to a database that refuses it."""
    (problem,) = faults(text)
    assert "cannot be stored" in problem.what
    assert (problem.line, problem.column) == (1, text.index('"') + 1)


def test_a_strange_version_is_a_problem_like_any_other() -> None:
    assert faults("%YAML 1.11111111111111111\n---\na: 1\n")
