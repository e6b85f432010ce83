"""The parts of `docs/connectors.md` that are made from the code, so that they cannot be wrong."""

from __future__ import annotations

from hub.connector.shapes import RESULTS, Shape, input_shape
from hub.model.capability import CAPABILITIES, Capability


def capabilities() -> str:
    """Every capability with its input and result, as Markdown."""
    return "\n".join(_capability(capability) for capability in CAPABILITIES.values())


def _capability(capability: Capability) -> str:
    kind = "changes something: declare `safety`" if capability.mutating else "asks"
    lines = [f"### `{capability.name}`", "", f"{capability.title}; {kind}.", "", "| | Field | What stands in it |"]
    lines.append("|---|---|---|")
    lines += [f"| input | `{name}` | {shown(input_shape(capability.name, name))} |" for name in capability.input]
    lines += [f"| result | `{name}` | {shown(RESULTS[capability.name][name])} |" for name in capability.result]
    return "\n".join([*lines, ""])


def shown(shape: Shape) -> str:
    """A shape on one line: `{id: text, lines: [{sku: text?, quantity: integer}]}`."""
    return f"`{_plain(shape)}`"


def _plain(shape: Shape) -> str:
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{name}: {_plain(inner)}" for name, inner in shape.items()) + "}"
    if isinstance(shape, list):
        return f"[{_plain(shape[0])}]"
    return shape
