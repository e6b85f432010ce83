from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from hub.language.problem import Problems
from hub.webhook.load import check_file, load_folder, load_source, schema

GOOD = """\
id: alder
title: Alder
signature:
  scheme: standard_webhooks
  headers: {signature: webhook-signature, id: webhook-id, timestamp: webhook-timestamp}
  secret_help: Ask Alder.
topic: {header: x-topic}
delivery_id: {headers: [webhook-id]}
pings:
  - {name: hello, content_type: text/plain, body: "hello {digits}"}
topics:
  order.made: {kind: order, mapping: alder-order, require: "= source.id"}
examples:
  - name: nothing is signed
    secret: YWxkZXItYWxkZXItYWxkZXItYWxkZXI=
    headers: {x-topic: order.made}
    body: "{}"
    expect: {reason: header_missing}
"""


def problems(tmp_path: Path, text: str, name: str = "alder") -> list[str]:
    path = tmp_path / f"{name}.yaml"
    path.write_text(text)
    return [str(problem).removeprefix(f"{path}:") for problem in check_file(path)]


def test_a_good_manifest_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("title: Alder", "titel: Alder", "2:1", ["'titel'", "did you mean 'title'"]),
        ("standard_webhooks", "standard", "4:11", ["'standard'", "standard_webhooks"]),
        (", id: webhook-id", "", "5:12", ["role 'id' is missing", "id: HEADER"]),
        ("{header: x-topic}", "{}", "7:8", ["named by one thing", "'header' or 'body'"]),
        ("{header: x-topic}", '{header: x, body: "= source.t"}', "7:8", ["named by one thing"]),
        ("{header: x-topic}", '{body: "= source..t"}', "7:", ["expression"]),
        ("{header: x-topic}", '{body: "= sourc.type"}', "7:", ["no 'sourc'", "source"]),
        ("{header: x-topic}", '{body: "type"}', "7:", ["form"]),
        ("{digits}", "{number}", "10:", ["placeholder", "{digits}"]),
        ("mapping: alder-order, ", "", "12:3", ["'order' needs a mapping", "mapping: NAME"]),
        ("kind: order", "kind: orders", "12:22", ["'orders'", "did you mean 'order'"]),
        ("id: alder", "id: elder", "1:5", ["not the file's name", "id: alder"]),
        ("header_missing", "verified", "18:22", ["nothing is signed", "header_missing", "verified"]),
        ("YWxkZXItYWxkZXItYWxkZXItYWxkZXI=", "not base64", "15:13", ["not base64"]),
        ("examples:\n", "examples: []\nx:\n", "14:1", ["'x'"]),
    ],
)
def test_faults_have_a_place_and_a_mend(tmp_path: Path, old: str, new: str, place: str, words: list[str]) -> None:
    assert GOOD.count(old) == 1
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(line.startswith(place) and all(word in line for word in words) for line in found), found


def test_all_faults_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    for name in ("alder", "birch"):
        (tmp_path / f"{name}.yaml").write_text(GOOD.replace("id: alder", "id: cedar"))
    with pytest.raises(Problems) as caught:
        load_folder(tmp_path)
    assert len(caught.value.problems) == 2


def test_a_folder_is_found_by_id(tmp_path: Path) -> None:
    (tmp_path / "alder.yaml").write_text(GOOD)
    assert list(load_folder(tmp_path)) == ["alder"]
    assert load_source(tmp_path / "alder.yaml").hash == load_folder(tmp_path)["alder"].hash


def test_the_schema_accepts_what_is_shipped_and_refuses_a_typing_error(checkout: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(schema())))
    for path in (checkout / "webhooks").glob("*.yaml"):
        document = YAML(typ="safe", pure=True).load(path)
        assert [error.message for error in validator.iter_errors(document)] == [], path.name
        assert not validator.is_valid(document | {"signatures": {}})


def test_the_manual_shows_a_manifest_that_loads(checkout: Path, tmp_path: Path) -> None:
    manual = (checkout / "webhooks" / "README.md").read_text()
    shown = manual.partition("```yaml\n")[2].partition("```")[0]
    example = GOOD[GOOD.index("examples:") :]
    assert problems(tmp_path, shown[: shown.index("examples:")] + example) == []
