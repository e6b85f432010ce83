"""What a manifest promises of an operation, with what a connection says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from hub.connector.manifest import Manifest
from hub.connector.operation import Operation
from hub.model.capability import Safety
from hub.model.contract import Guarantee
from hub.wire.call import Timeout

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Overrides:
    """What a connection says otherwise than its manifest; seconds. None: as the manifest says."""

    connect_seconds: float | None = None
    total_seconds: float | None = None
    settles_within_seconds: float | None = None
    index_lag_seconds: float | None = None
    key_life_seconds: float | None = None
    backoff_seconds: float | None = None
    backoff_cap_seconds: float | None = None
    max_tries: int | None = None
    max_age_seconds: float | None = None
    calls_per_second: float | None = None
    breaker_failures: int | None = None
    breaker_opens_for_seconds: float | None = None


def promised(operation: Operation, manifest: Manifest, over: Overrides) -> Guarantee:
    """What the flow may count on."""
    retry, safety = operation.spec.retry or manifest.retry, operation.spec.safety
    common: dict[str, Any] = {
        "deadline_seconds": timeout_of(operation, manifest, over).total + manifest.budget.longest_wait,
        "max_tries": either(over.max_tries, retry.tries),
        "max_age_seconds": either(over.max_age_seconds, retry.age),
        "backoff_seconds": either(over.backoff_seconds, retry.backoff),
        "backoff_cap_seconds": either(over.backoff_cap_seconds, retry.cap),
    }
    if safety is None:
        return Guarantee(safety=Safety.REPEATABLE, settles_within_seconds=0.0, **common)
    life = None if safety.lifetime is None else either(over.key_life_seconds, safety.lifetime)
    return Guarantee(
        safety=safety.cls,
        settles_within_seconds=either(over.settles_within_seconds, safety.settles_within),
        key_life_seconds=life,
        key_replays_errors=safety.replays_errors,
        find=safety.find,
        index_lag_seconds=either(over.index_lag_seconds, safety.index_lag),
        complete=safety.complete,
        max_sends=safety.max_sends,
        **common,
    )


def timeout_of(operation: Operation, manifest: Manifest, over: Overrides) -> Timeout:
    """Of one call."""
    spec = operation.spec.timeouts or manifest.timeouts
    return Timeout(either(over.connect_seconds, spec.connect), either(over.total_seconds, spec.total))


def either(given: N | None, otherwise: N) -> N:
    return otherwise if given is None else given
