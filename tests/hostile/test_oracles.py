"""The fuzzer's oracles: over seeds and Hypothesis' bytes, what was ever found, and faults planted on purpose."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.model.message import Delivery
from hub.model.order import Noun
from hub.model.outcome import Verdict
from hub.webhook.verdict import Reason
from tests.hostile.fuzz.roster import TARGETS
from tests.hostile.fuzz.target import Target, Violation

HERE = Path(__file__).parent
FINDINGS = sorted((HERE / "findings").glob("*/*"))
SEEDS_TRIED = 40


def named(target: Target) -> str:
    return target.name


def test_every_target_that_is_written_is_on_the_roster() -> None:
    written = set()
    for path in (HERE / "fuzz").glob("*.py"):
        if path.stem not in ("__main__", "child"):
            module = importlib.import_module(f"tests.hostile.fuzz.{path.stem}")
            written |= {value for value in vars(module).values() if isinstance(value, Target)}
    assert {target.name for target in written} == set(TARGETS)
    assert len(TARGETS) == len(written) >= 12


@pytest.mark.parametrize("target", TARGETS.values(), ids=named)
def test_seeds_are_no_findings(target: Target) -> None:
    assert len(target.all_seeds) >= 10
    step = max(len(target.all_seeds) // SEEDS_TRIED, 1)
    for seed in target.all_seeds[::step]:
        target.run(seed)


@pytest.mark.parametrize("target", TARGETS.values(), ids=named)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_bytes_are_a_finding(target: Target, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from([b"", *target.all_seeds[:200]]))
    at = data.draw(st.integers(0, len(seed)))
    piece = data.draw(st.binary(max_size=40) | st.sampled_from(target.words or (b"\0",)))
    target.run((seed[:at] + piece + seed[at + data.draw(st.integers(0, 4)) :])[: target.longest_bytes])


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_mended(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())


def test_the_findings_are_kept_by_target() -> None:
    assert {path.parent.name for path in FINDINGS} <= set(TARGETS)
    assert len(FINDINGS) >= 10


# Each of these breaks one thing in the hub; the oracle of the target must notice it on the target's own seeds.
Plant = Callable[[pytest.MonkeyPatch], None]


def _door_believes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.webhook.verifier.Verifier.verify", lambda self, headers, body, keys, now: Reason.VERIFIED)


def _door_keeps_other_bytes(patch: pytest.MonkeyPatch) -> None:
    made = Delivery.__init__

    def init(self: Delivery, **given: Any) -> None:
        made(self, **{**given, "body": given["body"].strip() + b" "})

    patch.setattr(Delivery, "__init__", init)


def _door_fails(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.webhook.source.Source._bound", lambda *_: 1 / 0)


def _signature_has_no_window(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.webhook.signature.judge_time", lambda timestamp, now: None)


def _signature_refuses_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.webhook.signature._any_match", lambda *_: Reason.SIGNATURE_MISMATCH)


def _json_is_the_standard_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.fuzz.json_body.decode_json", json.loads)


def _json_loses_digits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.fuzz.json_body.canonical_json", lambda value: json.dumps(value, default=int).encode())


def _yaml_takes_aliases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.language.document._Reader._refuse", lambda *_: None)


def _fields_are_attributes(patch: pytest.MonkeyPatch) -> None:
    def field(tree: dict[str, Any], sub: Any) -> Any:
        return lambda value, frame: value.get(tree["value"]) if hasattr(value, "get") else None

    patch.setattr("hub.language.evaluate._walk", lambda names: lambda value, frame: _walked(value, names))
    patch.setitem(importlib.import_module("hub.language.evaluate")._MAKERS, "field", field)


def _walked(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        value = value.get(name) if hasattr(value, "get") else None
    return value


def _a_template_forgets_its_faults(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.fuzz.formula.Template.render", lambda self, scope, faults=None: 0.1)


def _money_is_a_decimal(patch: pytest.MonkeyPatch) -> None:
    dumped = Noun.model_dump

    def model_dump(self: Noun, **options: Any) -> dict[str, Any]:
        made = dumped(self, **options)
        return made | ({"totals": [{"type": "total", "amount": Decimal("1.5")}]} if "totals" in made else {})

    patch.setattr("pydantic.BaseModel.model_dump", model_dump)


def _a_success_needs_no_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.connector.verdict._default_verdict", lambda status, mutating: Verdict.DONE)


def _errors_are_shown_as_they_come(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.redact.text", lambda value, secrets=(): value)


def _xml_is_taken_raw(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.fuzz.answer_body.decode", lambda body, kind: {"raw": body.decode("latin-1")})


def _cards_are_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.redact.is_card", lambda digits: False)


def _secrets_are_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.redact._needles", lambda secrets: [])


def _private_is_public(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.policy.address_fault", lambda address, private_allowed=False: None)


def _paths_climb(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.fuzz.address.join", lambda base, path, query=(): base + path)


def _lengths_are_a_hint(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.channel.Channel.exactly", lambda self, count, deadline: self.rest(10**9, deadline))


def _header_values_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hub.wire.answer._NOT_IN_A_VALUE", re.compile(rb"(?!)"))


PLANTED: list[tuple[str, Plant]] = [
    ("door", _door_believes),
    ("door", _door_keeps_other_bytes),
    ("door", _door_fails),
    ("signature", _signature_has_no_window),
    ("signature", _signature_refuses_all),
    ("json", _json_is_the_standard_one),
    ("json", _json_loses_digits),
    ("yaml", _yaml_takes_aliases),
    ("expression", _fields_are_attributes),
    ("template", _a_template_forgets_its_faults),
    ("mapping", _money_is_a_decimal),
    ("provider", _a_success_needs_no_row),
    ("provider", _errors_are_shown_as_they_come),
    ("answer-body", _xml_is_taken_raw),
    ("redaction", _cards_are_shown),
    ("redaction", _secrets_are_shown),
    ("address", _private_is_public),
    ("address", _paths_climb),
    ("http-answer", _lengths_are_a_hint),
    ("http-answer", _header_values_are_not_looked_at),
]


@pytest.mark.parametrize(("name", "plant"), PLANTED, ids=lambda one: getattr(one, "__name__", one))
def test_a_planted_fault_is_noticed(name: str, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    target = TARGETS[name]
    target.all_seeds  # noqa: B018 - made before anything is broken
    plant(monkeypatch)
    assert any(found(target, seed) for seed in target.all_seeds)


def found(target: Target, data: bytes) -> bool:
    try:
        target.run(data)
    except Exception:  # whatever is raised is a finding
        return True
    return False


def test_every_target_has_a_planted_fault() -> None:
    assert {name for name, _ in PLANTED} == set(TARGETS)


def test_work_without_end_is_noticed() -> None:
    def work(data: bytes) -> None:
        sum(range(5_000_000))

    busy = Target("busy", "", work, seconds=0.01)
    with pytest.raises(Violation, match="processor time"):
        busy.run(b"")


def test_an_exception_outside_the_closed_set_is_a_finding() -> None:
    def check(data: bytes) -> None:
        raise KeyError("x") if data else ValueError("x")

    target = Target("strict", "", check, (ValueError,))
    target.run(b"")
    with pytest.raises(KeyError):
        target.run(b"x")
