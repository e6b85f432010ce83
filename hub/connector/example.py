"""Runs the examples inside a manifest: this input sends this request, and this answer means this outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hub.connector.auth import Draft, Headers
from hub.connector.connection import Account, Clock, Connection
from hub.connector.load import Connector
from hub.connector.manifest import Example, ExampleAnswer
from hub.connector.operation import Operation, input_fields
from hub.connector.shapes import RESULTS, faults, input_shape
from hub.language.decode import DecodeError, canonical_json, decode_json
from hub.language.problem import Problem
from hub.model.contract import CannotPrepare
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import NotSent, Request, Response
from hub.wire.policy import Policy

BASE_URL = "https://provider.example"
KEY = "example-key"
Finding = tuple[tuple[str | int, ...], str, str]  # path below the example, what, mend


@dataclass
class _Script:
    """A provider that gives the example's answers in turn and keeps what it was asked."""

    answers: list[ExampleAnswer]
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        if len(self.asked) >= len(self.answers):
            raise NotSent("the example has no further answer")
        answer = self.answers[len(self.asked)]
        self.asked.append(request)
        body = canonical_json(answer.json_) if answer.text is None and answer.json_ is not None else b""
        if answer.text is not None:
            body = answer.text.encode()
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


class _Open:
    """No credentials: an example is about the request and the answer."""

    def headers(self, draft: Draft) -> Headers:
        return ()

    def accepted(self) -> None:
        """Nothing is remembered."""

    def renew(self) -> bool:
        return False


def run_examples(connector: Connector) -> list[Problem]:
    """Every difference between what the examples say and what the engine does."""
    problems = []
    for name, operation in connector.operations.items():
        for index, example in enumerate(operation.spec.examples):
            for path, what, mend in _run(connector, operation, example):
                place = ("operations", name, "examples", index, *path)
                problems.append(connector.document.problem(place, f"example '{example.name}': {what}", mend))
    return problems


def _run(connector: Connector, operation: Operation, example: Example) -> Iterator[Finding]:
    yield from _input_faults(operation, example)
    given = example.answers or ([example.answer] if example.answer else [])
    script = _Script([*(example.also[name] for name in operation.also if name in example.also), *given])
    connection = _connection(connector, example, script)
    try:
        stored, outcome = _performed(connection, operation, example)
    except CannotPrepare as fault:
        yield from _cannot(example, fault)
        return
    if example.outcome.cannot_prepare is not None:
        yield ("outcome", "cannot_prepare"), "the request could be prepared", "correct the example, or add refuse:"
        return
    yield from _request_faults(operation, example, stored, script)
    if outcome is not None:
        yield from _outcome_faults(operation, example, outcome)


def _connection(connector: Connector, example: Example, script: _Script) -> Connection:
    def transport(name: str, policy: Policy) -> _Script:
        return script

    secrets = dict.fromkeys(connector.manifest.secrets, "${env:EXAMPLE}")
    account = Account("example", "test", example.settings, secrets, base_url=BASE_URL)
    clock = Clock(lambda: 0.0, lambda seconds: None)
    return Connection(connector, account, lambda reference: "example-secret", transport, clock, authorizer=_Open())


def _performed(
    connection: Connection, operation: Operation, example: Example
) -> tuple[Mapping[str, Any], Outcome | None]:
    """(the prepared request, the outcome where the example gives an answer)."""
    name = operation.capability.name
    inputs = {**dict.fromkeys(input_fields(operation.capability)), **example.input}
    stored = connection.prepare(name, inputs)
    outcome = None
    if example.answer or example.answers:
        outcome = connection.send(name, stored, KEY) if operation.mutating else connection.read(name, inputs)
    prepared: Mapping[str, Any] = decode_json(stored)
    return prepared, outcome


def _cannot(example: Example, fault: CannotPrepare) -> Iterator[Finding]:
    wanted = example.outcome.cannot_prepare
    if wanted is None:
        yield (), f"the request cannot be prepared: {fault.what} ({fault.path})", "correct the template or the input"
    elif wanted not in fault.what:
        yield ("outcome", "cannot_prepare"), f"the reason is '{fault.what}'", "correct the example or the rule"


def _input_faults(operation: Operation, example: Example) -> Iterator[Finding]:
    name, known = operation.capability.name, input_fields(operation.capability)
    for key, value in example.input.items():
        if key not in known and key != "rate":
            yield ("input", key), f"{name} is given no '{key}'", f"it is given: {', '.join(sorted(known))}"
        elif value is not None:
            for _, what, mend in faults(value, input_shape(name, key), f"input.{key}"):
                yield ("input", key), what, mend


def _request_faults(
    operation: Operation, example: Example, stored: Mapping[str, Any], script: _Script
) -> Iterator[Finding]:
    wanted = example.request
    if wanted is None:
        return
    for key, value in _seen(operation, stored, script).items():
        expected = wanted.json_ if key == "json" else getattr(wanted, key)
        if expected is not None and expected != value:
            yield ("request", key), f"the request's {key} is {_shown(value)}", "correct the template or the example"
    sent = {name.lower(): value for name, value in _headers(operation, stored, script)}
    for name, value in wanted.headers.items():
        if sent.get(name.lower()) != value:
            what = f"the request's header {name} is {_shown(sent.get(name.lower()))}"
            yield ("request", "headers", name), what, "correct the template or the example"


def _seen(operation: Operation, stored: Mapping[str, Any], script: _Script) -> dict[str, Any]:
    """The request taken apart as examples write it: the one on the wire if there was one, else the prepared one."""
    if "hatch" in stored:
        seen = {"prepared": stored["hatch"]}
        sent = script.asked[len(operation.also) :]
        if not sent:
            return seen
        first = sent[0]
        return {**seen, "method": first.method, "path": urlsplit(first.url).path, **_body(first.body.decode())}
    text = stored["body"]
    main = script.asked[len(operation.also)] if len(script.asked) > len(operation.also) else None
    if main is not None:
        text = main.body.decode()
    pairs = stored["query"] if main is None else parse_qsl(urlsplit(main.url).query, keep_blank_values=True)
    query: dict[str, Any] = {}
    for name, value in pairs:
        query[name] = [*_listed(query[name]), value] if name in query else value
    return {"method": stored["method"], "path": stored["path"], "query": query, **_body(text)}


def _body(text: str) -> dict[str, Any]:
    try:
        value = decode_json(text.encode()) if text else None
    except DecodeError:
        value = None
    variables = value.get("variables") if isinstance(value, dict) else None
    return {"text": text, "json": value, "form": dict(parse_qsl(text, keep_blank_values=True)), "variables": variables}


def _headers(operation: Operation, stored: Mapping[str, Any], script: _Script) -> list[tuple[str, str]]:
    if len(script.asked) > len(operation.also):
        return list(script.asked[len(operation.also)].headers)
    return [(name, value) for name, value in stored.get("headers", [])]


def _outcome_faults(operation: Operation, example: Example, outcome: Outcome) -> Iterator[Finding]:
    wanted, mend = example.outcome, "correct the outcome table or the example"
    found = {
        "verdict": outcome.verdict.value,
        "code": outcome.code,
        "retry_after_seconds": outcome.retry_after_seconds,
        "replayed": outcome.replayed,
    }
    for key, value in found.items():
        expected = getattr(wanted, key)
        if expected is not None and expected != value:
            reason = f" ({outcome.message})" if outcome.message else ""
            yield ("outcome", key), f"the {key} is {_shown(value)}{reason}", mend
    if wanted.result is not None and wanted.result != outcome.result:
        yield ("outcome", "result"), f"the result is {_shown(outcome.result)}", "correct result: or the example"
    if outcome.verdict is Verdict.DONE:
        for _, what, how in faults(outcome.result, RESULTS[operation.capability.name], "result"):
            yield ("outcome", "result"), what, how


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _shown(value: Any) -> str:
    text = canonical_json(value).decode() if not isinstance(value, float) else str(value)
    return text if len(text) <= 1500 else text[:1500] + "…"
