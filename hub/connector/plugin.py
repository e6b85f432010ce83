"""The hatch: Python beside a manifest, for those operations that YAML cannot say.

For a capability `label.buy` the file `operations.py` has two functions. `prepare_label_buy(input, settings)` gives the
plain data that is stored as the intent; `send_label_buy(stored, context)` makes the one call and computes no input. It
gives the result, or an `Outcome`, or what `context.judge` made of the provider's answer. Where a provider's permissions
imply others, `lacking_scopes(granted, needed)` gives those that are really missing. It may import `hub.model`,
`hub.wire` and its SDK, and nothing else of the hub.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.language.problem import Problem, Problems
from hub.wire.hatch import HatchContext

FILE = "operations.py"
_ALLOWED = ("hub.model", "hub.wire")

Prepare = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
Send = Callable[[Any, HatchContext], Any]
Lacking = Callable[[Sequence[str], Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Hatch:
    """A loaded `operations.py`."""

    module: types.ModuleType
    source: str
    file: str

    def prepare(self, capability: str) -> Prepare | None:
        found: Prepare | None = getattr(self.module, f"prepare_{_suffix(capability)}", None)
        return found

    def send(self, capability: str) -> Send | None:
        found: Send | None = getattr(self.module, f"send_{_suffix(capability)}", None)
        return found

    @property
    def lacking_scopes(self) -> Lacking | None:
        found: Lacking | None = getattr(self.module, "lacking_scopes", None)
        return found


def load_hatch(source: str, file: str, name: str) -> Hatch:
    """Runs the source as a module of its own. Raises Problems: bad syntax, a forbidden import, or a failing import."""
    try:
        tree = ast.parse(source, file)
    except (SyntaxError, ValueError) as error:
        line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
        problem = Problem(file, line, column, "", f"this is not Python: {error.args[0]}", "correct the syntax")
        raise Problems([problem]) from error
    problems = [problem for node in ast.walk(tree) for problem in _import_problems(node, file)]
    if problems:
        raise Problems(problems)
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    module = types.ModuleType(f"crossdock_hatch_{name}_{digest}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses and pickling look a class's module up by name
    try:
        exec(compile(tree, file, "exec"), module.__dict__)  # noqa: S102 (a hatch is the installation's own code)
    except Exception as error:
        what = f"the hatch does not load: {type(error).__name__}: {error}"
        raise Problems([Problem(file, _line_of(error, file), 1, "", what, "install its SDK or correct it")]) from error
    return Hatch(module, source, file)


def sdk_version(distribution: str | None) -> str | None:
    """The installed version of a hatch's SDK, or None."""
    if distribution is None:
        return None
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def function_names(capability: str) -> tuple[str, str]:
    return f"prepare_{_suffix(capability)}", f"send_{_suffix(capability)}"


def _suffix(capability: str) -> str:
    return capability.replace(".", "_")


def _import_problems(node: ast.AST, file: str) -> list[Problem]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = ["." * node.level + (node.module or "")]
        if names == ["hub"]:
            names = [f"hub.{alias.name}" for alias in node.names]
    else:
        return []
    mend = f"import only {' and '.join(_ALLOWED)}, the SDK and the standard library"
    return [
        Problem(file, node.lineno, node.col_offset + 1, "", f"a hatch may not import {name}", mend)
        for name in names
        if _forbidden(name)
    ]


def _forbidden(name: str) -> bool:
    if name.startswith(".") or name.split(".", maxsplit=1)[0] == "connectors":
        return True
    return name.split(".", maxsplit=1)[0] == "hub" and not any(
        name == ok or name.startswith(ok + ".") for ok in _ALLOWED
    )


def _line_of(error: BaseException, file: str) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
