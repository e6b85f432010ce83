"""Every target, by name. One that is written and not listed here is found by a test."""

from __future__ import annotations

from tests.hostile.fuzz import (
    address,
    answer_body,
    declaration,
    door,
    formula,
    http_answer,
    json_body,
    mapping,
    provider,
    redaction,
    signature,
)
from tests.hostile.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        door.TARGET,
        signature.TARGET,
        json_body.TARGET,
        declaration.TARGET,
        formula.EXPRESSION,
        formula.TEMPLATE,
        mapping.TARGET,
        provider.TARGET,
        answer_body.TARGET,
        redaction.TARGET,
        address.TARGET,
        http_answer.TARGET,
    )
}
