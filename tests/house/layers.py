"""Who may import whom: the rules, and a reader that finds what breaks them.

It reads every import statement wherever it stands (inside a function, under TYPE_CHECKING, relative) and calls of
importlib with a literal name, because a circle that is hidden from the top of the file is a circle all the same.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

GROUND = {"model", "language", "wire", "vault"}
WINGS = {
    "webhook", "mapping", "flow", "connector", "reconcile", "notice", "store", "queue", "conformance", "sandbox",
}  # fmt: skip
CHECKERS = {"conformance", "sandbox"}  # they may use what they check, but not each other

# The room's name, and the rooms of hub/ it may import besides itself.
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "language": set(),
    "wire": {"model"},
    "vault": {"model"},
    **dict.fromkeys(WINGS - CHECKERS, GROUND),
    **dict.fromkeys(CHECKERS, GROUND | (WINGS - CHECKERS)),
    "assembly": GROUND | WINGS,
    "server": GROUND | {"assembly"},
    "cli": GROUND | {"assembly"},
    "__main__": {"cli"},
    "__init__": set(),
}
HATCH_ALLOWED = {"model", "wire"}
MODEL_PACKAGES = {"pydantic", "pydantic_core", "typing_extensions"}  # the ground floor's nouns stay light
TOLD = {"connectors", "mappings", "webhooks", "config", "tests", "benchmarks", "deploy"}


@dataclass(frozen=True)
class Import:
    """One import: the file (relative to the tree) and line, and the full dotted name it reaches for."""

    file: Path
    line: int
    name: str

    def room(self) -> str | None:
        """`store` of `hub.store.books`, "" of `hub` itself, None of what is not ours."""
        parts = self.name.split(".")
        if parts[0] != "hub":
            return None
        return parts[1] if len(parts) > 1 else ""


def violations(tree: Path) -> list[str]:
    """Every import in `hub/` and `connectors/` of the checkout at `tree` that the floors forbid, as file:line: why."""
    found: list[str] = []
    for file in sorted((tree / "hub").rglob("*.py")):
        found += _judge(tree, file, _judge_hub)
    for file in sorted((tree / "connectors").rglob("*.py")):
        found += _judge(tree, file, _judge_hatch)
    return found


def _judge(tree: Path, file: Path, rule: Callable[[Path, Import], str | None]) -> list[str]:
    """A file that cannot be parsed is a finding too, so that one of them hides no other."""
    relative = file.relative_to(tree)
    try:
        ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return [f"{relative}:{error.lineno}: {error.msg}"]
    judged = ((one, rule(relative, one)) for one in imports(tree, relative))
    return [f"{relative}:{one.line}: {why}" for one, why in judged if why]


def _judge_hub(file: Path, one: Import) -> str | None:
    room = file.parts[1].removesuffix(".py")
    if room not in ALLOWED:
        return f"hub/{room} stands on no floor: name it in tests/house/layers.py"
    top = one.name.split(".")[0]
    if top in TOLD:
        return f"hub imports {one.name}; declarations are read as files, never imported"
    target = one.room()
    if target is None:
        if room == "model" and top not in sys.stdlib_module_names | MODEL_PACKAGES:
            return f"hub.model imports {one.name}; it has the standard library and pydantic alone"
        return None
    if target in {"", "__version__", "__future__", room} or target in ALLOWED[room]:
        return None
    return f"hub.{room} may not import {one.name}"


def _judge_hatch(file: Path, one: Import) -> str | None:
    if one.name.split(".")[0] in TOLD:
        return f"a hatch may not import {one.name}"
    target = one.room()
    if target is None or target in HATCH_ALLOWED:
        return None
    return f"a hatch may import hub.model and hub.wire, not {one.name}"


def imports(tree: Path, file: Path) -> Iterator[Import]:
    """Every import of one file, with relative ones made absolute and `from hub import store` read as `hub.store`."""
    source = ast.parse((tree / file).read_text(encoding="utf-8"), filename=str(file))
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            for alias in node.names:
                yield Import(file, node.lineno, f"{base}.{alias.name}")
        elif isinstance(node, ast.Call):
            name = _dynamic(node)
            if name:
                yield Import(file, node.lineno, name)


def _absolute(file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = list(file.parent.parts)
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def _dynamic(node: ast.Call) -> str | None:
    """The literal name in `importlib.import_module("...")` or `__import__("...")`."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    if called in {"import_module", "__import__"} and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None
