"""Templates: a piece of YAML in which every text that begins with ``= `` is an expression.

A mapping ``{each: "= list", item: NODE}`` makes a list; its items see ``item`` and ``index`` (from 0), and in a nested
one ``parent`` is the outer item. ``if: "= condition"`` beside them leaves items out. A mapping ``{if, then, else}``
chooses. A key or list element whose expression gives null is left out; a null that is written stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.language.document import Document
from hub.language.evaluate import ExpressionError, Frame, truthy
from hub.language.expression import Expression, is_expression, literal_text
from hub.language.functions.registry import FunctionSet
from hub.language.problem import Problem, Problems

Place = tuple[str | int, ...]

_LOOP_NAMES = frozenset({"item", "index", "parent"})


class _Absent:
    """What an expression that gives null leaves behind: nothing, as opposed to a null that was written."""


ABSENT = _Absent()


@dataclass(slots=True)
class _Rendering:
    """One rendering: the budget, and the faults if they are collected and not raised."""

    frame: Frame
    faults: list[ExpressionError] | None

    def fault(self, what: str, place: Place, cause: Exception | None) -> _Absent:
        """Raises the fault, or collects it and gives nothing for its place."""
        fault = ExpressionError(what, place)
        if self.faults is None:
            raise fault from cause
        self.faults.append(fault)
        return ABSENT


# (scope, rendering, base) -> value. `base` is the place in the output of the innermost loop's entry: what is above an
# expression within it is known when it is compiled, so that nothing is spent on places unless something fails.
Draw = Callable[[dict[str, Any], _Rendering, Place], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A compiled template; ``roots`` are the top names that it reads."""

    draw: Draw
    roots: frozenset[str]

    @classmethod
    def compile(
        cls, node: Any, document: Document, path: Place, names: Iterable[str], *, functions: FunctionSet
    ) -> Template:
        """Compiles the YAML ``node`` found at ``path``; ``names`` are the names at the top of its scope.

        Raises Problems with every fault in it.
        """
        compiler = _Compiler(document, functions)
        draw = compiler.node(node, path, frozenset(names), ())
        if compiler.problems:
            raise Problems(compiler.problems)
        return cls(draw, frozenset(compiler.roots))

    def render(self, scope: Mapping[str, Any], faults: list[ExpressionError] | None = None) -> Any:
        """The template filled in. Plain data; None where the whole gives nothing.

        Raises ExpressionError, with ``path`` in the output, at the first expression that fails; given ``faults``, it
        puts every such error there instead, and leaves those places out; where it takes more work than is allowed, that
        is the last of them and nothing is given.
        """
        root = dict(scope)
        frame = Frame(root)
        try:
            value = self.draw(root, _Rendering(frame, faults), ())
            frame.charge_all(value)
        except ExpressionError as error:
            if faults is None:
                raise
            faults.append(error)
            return None
        return None if value is ABSENT else value

    def part(self, scope: dict[str, Any], faults: list[ExpressionError]) -> Any:
        """The same for a value that other templates read: its parts are shared, and its size is paid for by whatever
        writes it out.
        """
        try:
            value = self.draw(scope, _Rendering(Frame(scope), faults), ())
        except ExpressionError as error:  # more work than is allowed
            faults.append(error)
            return None
        return None if value is ABSENT else value


class _Compiler:
    def __init__(self, document: Document, functions: FunctionSet) -> None:
        self.document = document
        self.functions = functions
        self.problems: list[Problem] = []
        self.roots: set[str] = set()

    def node(self, node: Any, path: Place, names: frozenset[str], place: Place) -> Draw:
        """`path` is where the node stands in the YAML, `place` what it makes within the innermost loop's entry."""
        if isinstance(node, dict):
            if "each" in node:
                return self.loop(node, path, names, place)
            if "if" in node:
                return self.choice(node, path, names, place)
            return self.mapping(node, path, names, place)
        if isinstance(node, list):
            children = enumerate(node)
            return _draw_list([self.node(child, (*path, i), names, (*place, i)) for i, child in children])
        if is_expression(node):
            return self.expression(node, path, names, place)
        if isinstance(node, str) and node.startswith("="):
            what = "a text that begins with '=' is neither an expression nor escaped"
            self.complain(path, what, "write '= …' with a space for an expression, '\\=…' for the text")
        value = literal_text(node) if isinstance(node, str) else node
        return lambda scope, rendering, base: value

    def expression(self, text: Any, path: Place, names: frozenset[str], place: Place) -> Draw:
        if not is_expression(text):
            self.complain(path, "an expression is wanted here", "begin it with '= '")
            return lambda scope, rendering, base: ABSENT
        try:
            compiled = Expression.compile(text, self.document, path, functions=self.functions, names=names)
        except Problems as problems:
            self.problems += problems.problems
            return lambda scope, rendering, base: ABSENT
        self.roots |= compiled.roots
        return _draw_expression(compiled, place)

    def mapping(self, node: dict[str, Any], path: Place, names: frozenset[str], place: Place) -> Draw:
        parts = node.items()
        return _draw_mapping([(key, self.node(child, (*path, key), names, (*place, key))) for key, child in parts])

    def loop(self, node: dict[str, Any], path: Place, names: frozenset[str], place: Place) -> Draw:
        self.only(node, path, {"each", "item"}, {"if"})
        inner = names | _LOOP_NAMES
        each = self.expression(node["each"], (*path, "each"), names, place)
        condition = self.expression(node["if"], (*path, "if"), inner, place) if "if" in node else None
        return _draw_loop(each, condition, self.node(node.get("item"), (*path, "item"), inner, ()), place)

    def choice(self, node: dict[str, Any], path: Place, names: frozenset[str], place: Place) -> Draw:
        self.only(node, path, {"if", "then"}, {"else"})
        condition = self.expression(node["if"], (*path, "if"), names, place)
        then = self.node(node.get("then"), (*path, "then"), names, place)
        otherwise = self.node(node["else"], (*path, "else"), names, place) if "else" in node else None
        return _draw_choice(condition, then, otherwise)

    def only(self, node: dict[str, Any], path: Place, needed: set[str], allowed: set[str]) -> None:
        shape = f"write {', '.join(sorted(needed))}, and if you like {', '.join(sorted(allowed))}"
        for key in sorted(needed - set(node)):
            self.complain(path, f"'{key}' is missing beside '{next(iter(node))}'", shape)
        for key in sorted(set(node) - needed - allowed):
            self.complain((*path, key), f"'{key}' has no meaning beside '{min(needed)}'", shape, at_key=True)

    def complain(self, path: Place, what: str, mend: str, *, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(path, what, mend, at_key=at_key))


def _draw_expression(expression: Expression, place: Place) -> Draw:
    def draw(scope: dict[str, Any], rendering: _Rendering, base: Place) -> Any:
        try:
            value = expression.evaluate_in(scope, rendering.frame)
        except ExpressionError as error:
            return rendering.fault(error.what, base + place, error)
        return ABSENT if value is None else value

    return draw


def _draw_mapping(parts: list[tuple[str, Draw]]) -> Draw:
    def draw(scope: dict[str, Any], rendering: _Rendering, base: Place) -> Any:
        return {key: value for key, part in parts if (value := part(scope, rendering, base)) is not ABSENT}

    return draw


def _draw_list(parts: list[Draw]) -> Draw:
    def draw(scope: dict[str, Any], rendering: _Rendering, base: Place) -> Any:
        return [value for part in parts if (value := part(scope, rendering, base)) is not ABSENT]

    return draw


def _draw_loop(each: Draw, condition: Draw | None, item: Draw, place: Place) -> Draw:
    def draw(scope: dict[str, Any], rendering: _Rendering, base: Place) -> Any:
        elements = each(scope, rendering, base)
        if elements is ABSENT:
            return []
        if type(elements) is not list:
            what = "a list is wanted to make one entry for each of its elements"
            return rendering.fault(what, base + place, None)
        rendering.frame.charge(len(elements) + 1)
        made: list[Any] = []
        for index, element in enumerate(elements):
            inner = {**scope, "item": element, "index": index, "parent": scope.get("item")}
            if condition is not None and not _holds(condition(inner, rendering, base)):
                continue
            value = item(inner, rendering, (*base, *place, index))
            if value is not ABSENT:
                made.append(value)
        return made

    return draw


def _draw_choice(condition: Draw, then: Draw, otherwise: Draw | None) -> Draw:
    def draw(scope: dict[str, Any], rendering: _Rendering, base: Place) -> Any:
        if _holds(condition(scope, rendering, base)):
            return then(scope, rendering, base)
        return ABSENT if otherwise is None else otherwise(scope, rendering, base)

    return draw


def _holds(value: Any) -> bool:
    return value is not ABSENT and truthy(value)
