"""What an operation gives back, held to what its capability promises."""

from __future__ import annotations

from typing import Any

from hub.connector.compiled import Fault
from hub.model.capability import Capability

LISTS = frozenset({"hits", "items", "orders", "rates", "events", "problems"})
_RAW = frozenset({"order", "orders", "account"})  # the provider's own documents stay as they are


def shaped(capability: Capability, result: Any, complete: bool = True) -> dict[str, Any]:
    """The result with its ids as texts, or `Fault`: lists where lists are promised, and every change names its object.

    `complete`: False for a row's own result, which may give fewer fields.
    """
    if not isinstance(result, dict):
        raise Fault("the result is not a mapping", "result")
    for name in capability.result:
        value = result.get(name)
        if name in LISTS and value is not None and not isinstance(value, list):
            raise Fault(f"{name} is not a list", f"result.{name}")
        if name in LISTS and value is None and complete:
            raise Fault(f"{name} is missing", f"result.{name}")
    if capability.mutating and complete and "id" in capability.result and result.get("id") in (None, ""):
        raise Fault("the answer names no id", "result.id")
    result = {name: _flat(value) if name in LISTS else value for name, value in result.items()}
    if complete:
        result = {**dict.fromkeys(capability.result), **result}
    return {name: value if name in _RAW else _typed(name, value) for name, value in result.items()}


def _flat(value: Any) -> Any:
    """A list of lists (a loop within a loop) as one list."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [inner for item in value for inner in item]
    return value


def _typed(name: str, value: Any) -> Any:
    return _id(name, value) if name == "id" or name.endswith("_id") else _ids(value)


def _ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_ids(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(str(key), item) for key, item in value.items()}
    return value


def _id(name: str, value: Any) -> str | None:
    """Providers give numbers; 64 bits of them do not survive every reader. Anything else names nothing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Fault(f"{name} is neither a text nor a whole number", f"result.{name}")
