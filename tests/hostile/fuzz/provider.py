"""Each shipped connector against a provider gone bad: any answer is an outcome, and a success only where it says so."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hub.connector.connection import Account, Clock, Connection
from hub.connector.load import Connector, load
from hub.connector.manifest import Example
from hub.connector.operation import Operation, input_fields
from hub.language.decode import canonical_json, decode_json
from hub.model.contract import CannotPrepare, NotPrepared
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import NotSent, Request, Response, Unanswered
from hub.wire.policy import Policy
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.hostile import CARD, SECRET, expect_no_card, expect_plain, mutated, texts
from tests.hostile.fuzz.target import Target, expect

LONGEST_WORD = 300
_STATUSES = (
    200,
    201,
    202,
    204,
    301,
    400,
    401,
    402,
    403,
    404,
    408,
    409,
    410,
    422,
    423,
    425,
    429,
    430,
    500,
    502,
    503,
    599,
    999,
)
_HEADERS = (
    ("retry-after", "7"), ("retry-after", "-1"), ("retry-after", "nan"), ("retry-after", "9" * 400),
    ("retry-after", "."), ("retry-after", "Fri, 31 Dec 9999 23:59:59 -2359"),
    ("retry-after", "Mon, 0 Jan 0000 99:99:99 GMT"), ("x-retry-after", "1e9"),
    ("link", '<https://x.example/?page=2>; rel="next"'), ("link", "<//[>; rel=next"),
    ("link", "<?" + "a&" * 200 + ">; rel=next"), ("idempotent-replayed", "true"), ("content-type", "text/html"),
    ("x-echo", SECRET), ("request-id", CARD), ("link", "<" * 4000),
)  # fmt: skip


class Script:
    """A transport whose answers the bytes decide: the example's own, changed ones, nonsense, or none at all."""

    def __init__(self, draw: Draw, answers: list[tuple[int, dict[str, str], Any]]) -> None:
        self._draw, self._answers = draw, answers
        self.calls = 0

    def send(self, request: Request) -> Response:
        draw, self.calls = self._draw, self.calls + 1
        status, headers, value = self._answers[min(self.calls, len(self._answers)) - 1]
        kind = draw.below(10)
        if kind == 9:
            raise (Unanswered if draw.byte() % 2 else NotSent)(f"broken, and it said {SECRET}")
        if draw.one_in(3):
            status = draw.pick(_STATUSES)
        for _ in range(draw.below(3)):
            name, text = draw.pick(_HEADERS)
            headers = {**headers, name: text}
        if kind == 8:
            return Response(
                status, headers, draw.pick((draw.take(200), _ECHO, b"null", b"[]", b"{}", b'""', b"<a/>", b"\x00"))
            )
        return Response(status, headers, value if isinstance(value, bytes) else canonical_json(mutated(value, draw)))


_ECHO = json.dumps(
    {
        "errors": [{"message": f"{SECRET} {CARD}", "extensions": {"code": f"{SECRET}{CARD}" * 50}}],
        "error": {"message": f"{CARD} was sent with {SECRET}", "code": SECRET, "type": "card_error"},
        "id": {"id": SECRET}, "data": None, "message": SECRET, "code": CARD,
    }
).encode()  # fmt: skip


@cache
def connectors() -> dict[str, Connector]:
    """All that speak HTTP."""
    root = Path(__file__).resolve().parents[3] / "connectors"
    return {
        path.parent.name: load(path) for path in sorted(root.glob("*/connector.yaml")) if path.parent.name != "smtp"
    }


@cache
def cases() -> tuple[tuple[Connector, Operation, Example], ...]:
    return tuple(
        (connector, operation, example)
        for connector in connectors().values()
        for operation in connector.operations.values()
        for example in operation.spec.examples
        if example.answer or example.answers
    )


def _ticks() -> Iterator[float]:
    """A clock that jumps, so that no budget is ever used up."""
    now = 0.0
    while True:
        now += 3600.0
        yield now


def check(data: bytes) -> None:
    draw = Draw(data)
    connector, operation, example = draw.pick(cases())
    answers = [example.also[name] for name in operation.also if name in example.also]
    answers += example.answers or ([example.answer] if example.answer else [])
    script = Script(draw, [_answer(answer) for answer in answers])
    ticks = _ticks()
    connection = Connection(
        connector,
        Account(
            "bad",
            "test",
            example.settings,
            dict.fromkeys(connector.manifest.secrets, "${env:X}"),
            "https://bad.example",
        ),
        lambda reference: SECRET,
        lambda name, policy: _carry(script, policy),
        Clock(lambda: next(ticks), lambda seconds: None),
    )
    outcome = _performed(connection, operation, {**dict.fromkeys(input_fields(operation.capability)), **example.input})
    if outcome is not None:
        expect_sober(operation, outcome)


def _carry(script: Script, policy: Policy) -> Script:
    return script


def _answer(answer: Any) -> tuple[int, dict[str, str], Any]:
    body = answer.text.encode() if answer.text is not None else decode_json(canonical_json(answer.json_))
    return answer.status, {name.lower(): text for name, text in answer.headers.items()}, body


def _performed(connection: Connection, operation: Operation, inputs: dict[str, Any]) -> Outcome | None:
    name = operation.capability.name
    if not operation.mutating:
        return connection.read(name, inputs)
    try:
        return connection.send(name, connection.prepare(name, inputs), "the-key")
    except (CannotPrepare, NotPrepared):
        return None


def expect_sober(operation: Operation, outcome: Outcome) -> None:
    """An outcome that can be stored, shown and acted upon."""
    expect(isinstance(outcome.verdict, Verdict), f"the verdict {outcome.verdict!r}")
    wait = outcome.retry_after_seconds
    expect(wait is None or (math.isfinite(wait) and 0 <= wait <= 10**6), f"it says to wait for {wait} s")
    for word in (outcome.code, outcome.message):
        expect(word is None or (type(word) is str and len(word) <= LONGEST_WORD), "a code or message without end")
    shown = [outcome.code or "", outcome.message or "", *texts(outcome.transcript)]
    for text in shown:
        expect(SECRET not in text, "the secret is shown")
        expect_no_card(text, "what is shown")
        expect(not set(text) & set("\x00\x1b\u202e"), "a control character is shown")
    canonical_json(outcome.transcript)
    expect_plain(outcome.result, "the result")
    decode_json(canonical_json(outcome.result))
    if outcome.verdict is Verdict.DONE and operation.mutating:
        expect(_says_done(operation, outcome), "a success that no answer said")
        if "id" in operation.capability.result:
            name = outcome.result.get("id")
            expect(type(name) is str and name, f"done, and the id is {name!r}")


def _says_done(operation: Operation, outcome: Outcome) -> bool:
    status = outcome.transcript.get("answer", {}).get("status")
    rows = [row for row in operation.rows if row.spec.verdict is Verdict.DONE]
    return operation.spec.hatch or any(row.fits(status) for row in rows)


def seeds() -> list[bytes]:
    plain = [bytes([case >> 8, case & 255] if len(cases()) > 256 else [case]) for case in range(len(cases()))]
    changed = [
        case + bytes([0, 1, 1 + turn % 4, *((step * (turn + 3)) % 256 for step in range(20))])
        for turn, case in enumerate(plain)
    ]
    echoes = [case + bytes([8, 2, 3, 0, 1]) for case in plain] + [case + bytes([8, 2, 1, 2, 1, 0, 1]) for case in plain]
    return plain + changed + echoes


TARGET = Target("provider", "each shipped connector against hostile answers", check, (), seeds, (), 512)
