"""A manifest that is wrong does not load, and says all that is wrong with it: where, what, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.connector.load import load, load_sources
from hub.language.problem import Problem, Problems
from tests.unit.connector.provider import CAPTURE, FIND, made, manifest


def problems(text: str, hatch: str | None = None) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as caught:
        made(text, hatch)
    return caught.value.problems


def bent(old: str, new: str) -> str:
    text = manifest()
    assert old in text
    return text.replace(old, new, 1)


HATCH = """
  label.buy:
    hatch: true
    safety: {class: none}
    examples: [{name: it, outcome: {}}]
"""

SAFETY = CAPTURE.partition("safety:\n      ")[2].partition("\n")[0]

EXAMPLE = CAPTURE[CAPTURE.index("    examples:") :]

BROKEN = {
    "misspelt key": (bent("title: Acme", "titel: Acme"), "did you mean 'title'"),
    "unknown capability": (bent("payment.find:", "payment.fnd:"), "did you mean 'payment.find'"),
    "no safety": (bent(f"    safety:\n      {SAFETY}\n", ""), "add 'safety:"),
    "unknown safety class": (bent("class: key", "class: keys"), "did you mean 'key'"),
    "key without header": (bent("header: Idempotency-Key, ", ""), "give one of header and field"),
    "key without lifetime": (bent("lifetime: 24h, ", ""), "lifetime: 24h"),
    "lifetime without unit": (bent("lifetime: 24h", "lifetime: 24"), "write a number with its unit"),
    "unique without duplicate row": (
        bent(SAFETY, "{class: unique, find: payment.find}").replace("then: duplicate", "then: busy"),
        "then: duplicate",
    ),
    "unique without find": (bent(SAFETY, "{class: unique}"), "add 'find: payment.find'"),
    "lookup without our name": (
        bent(SAFETY, "{class: lookup, find: payment.find}")
        .replace(', ref: "= input.reference"', "")
        .replace("{input.payment.id}", "x"),
        "send input.reference",
    ),
    "at least once for money": (bent(SAFETY, "{class: at_least_once}"), "use key, unique"),
    "lifetime for another class": (bent("class: key,", "class: none,"), "remove them"),
    "find that is not there": (bent("find: payment.find,", "find: shipment.find,"), "known here"),
    "safety on a question": (bent("    pages:", "    safety: {class: none}\n    pages:"), "remove 'safety:'"),
    "no success row": (bent("then: done", "then: refused"), "then: done"),
    "unknown verdict": (bent("then: done", "then: success"), "known here"),
    "unknown status": (bent("status: 402", "status: 4XX"), "5xx"),
    "unknown result field": (bent("status: \"= answer.state\"", "state: x"), "did you mean 'status'"),
    "result field left out": (bent(', currency: "= input.currency"', ""), "add 'currency:'"),
    "no path": (bent("    path: /pay/{input.payment.id}\n", ""), "add 'path:'"),
    "relative path": (bent("path: /pay/{input.payment.id}/capture", "path: pay"), "begins with one '/'"),
    "query in path": (bent("/capture", "/capture?x=1"), "put parameters under query:"),
    "change by GET": (bent("method: POST", "method: GET"), "not made with GET"),
    "two bodies": (bent("body: {json:", "body: {form: {}, json:"), "keep one of them"),
    "unknown input field": (bent("= input.amount", "= input.amout"), "did you mean 'amount'"),
    "input as a whole": (bent("= input.amount", "= input"), "input.FIELD"),
    "unknown setting": (bent("= settings.rank", "= settings.rnk"), "did you mean 'rank'"),
    "unknown secret": (bent("= secrets.token", "= secrets.tokn"), "did you mean 'token'"),
    "secret in a request": (bent("= settings.rank", "= secrets.token"), "known here"),
    "unknown function": (bent("= input.amount", "= mony(input.amount)"), "did you mean"),
    "expression that ends early": (bent("= input.amount", "= input.amount ||"), "expression"),
    "unknown auth": (bent("type: bearer", "type: beerer"), "did you mean 'bearer'"),
    "bad header name": (bent("X-Rank", "X Rank"), "match ^[A-Za-z0-9"),
    "pages that never turn": (bent(', after: "= page"', ""), "use 'page'"),
    "pages on a change": (bent("    result: {id", "    pages: {style: link}\n    result: {id"), "remove 'pages:'"),
    "choice without choices": (bent("type: integer", "type: choice"), "give both or neither"),
    "bad pattern": (bent("title: Rank, type: integer", "title: Rank, pattern: '['"), "correct it"),
    "no example": (bent(EXAMPLE, ""), "add examples"),
    "hatch without file": (manifest(CAPTURE, FIND, HATCH), "write it"),
    "sdk not installed": (bent("title: Acme", "title: Acme\nsdk: no-such-sdk"), "install it"),
    "no base_url": (bent("base_url: https://{settings.shop}.acme.example/api\n", ""), "add 'base_url:'"),
    "sunset that is no day": (bent('{version: "1"}', '{version: "1", sunset: soon}'), "2027-01-31"),
    "yaml": (bent("title: Acme", "title: [Acme"), ""),
    "anchor": (bent("title: Acme", "title: &a Acme"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_says_where_what_and_how_to_mend_it(name: str) -> None:
    text, mend = BROKEN[name]
    found = problems(text)
    assert found
    assert all(problem.file == "connector.yaml" and problem.line >= 1 and problem.column >= 1 for problem in found)
    assert all(problem.what and problem.mend for problem in found)
    assert any(mend in str(problem) for problem in found), "\n".join(map(str, found))


def test_a_problem_stands_where_the_fault_is() -> None:
    text = bent("= input.amount", "= input.amout")
    (problem,) = problems(text)
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith("amout")


def test_all_problems_come_at_once() -> None:
    text = bent("= input.amount", "= mony(input.amount)").replace("class: key", "class: keys").replace("titel", "title")
    text = text.replace("= settings.rank", "= settings.").replace("type: bearer", "type: beerer")
    found = problems(text)
    assert len(found) >= 4
    assert [(problem.line, problem.column) for problem in found] == sorted((p.line, p.column) for p in found)


def test_the_same_sources_give_the_same_connector_again() -> None:
    connector = made()
    again = load_sources(connector.sources)
    assert (again.hash, again.name, set(again.operations)) == (
        connector.hash,
        "acme",
        {"payment.capture", "payment.find"},
    )
    assert made(bent("title: Acme", "title: Acme  # a remark")).hash == connector.hash
    assert made(bent("title: Acme", "title: Acme 2")).hash != connector.hash


def test_a_folder_has_the_name_of_its_connector(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "connector.yaml").write_text(manifest())
    assert load(folder).name == load(folder / "connector.yaml").name == "acme"
    with pytest.raises(Problems, match="same name"):
        load(folder.rename(tmp_path / "other"))
    with pytest.raises(Problems, match="cannot be read"):
        load(tmp_path / "nowhere")
