"""Expressions: a text that begins with ``= `` selects with JMESPath and shapes with our closed set of functions.

``= money(source.total, source.currency)`` is an expression, ``total`` a plain text, and ``\\= x`` the text ``= x``.
There is no clock, no chance, no environment and no secret in reach of an expression, and no way to an object's
attributes: a value is null, true, false, an int, a Decimal, a text, a list or a mapping, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, cast

from jmespath import exceptions
from jmespath.parser import Parser

from hub.language.document import Document
from hub.language.evaluate import LONG_TEXT, ExpressionError, Frame, Run, compile_tree, truthy, weight
from hub.language.functions.registry import Function, FunctionSet
from hub.language.problem import Problems, suggestion

__all__ = ["Expression", "ExpressionError", "is_expression", "literal_text"]

MARK = "= "
MAX_CHARACTERS = 4_000
MAX_TREE_DEPTH = 60
MAX_TREE_NODES = 1_000

Place = tuple[str | int, ...]


def is_expression(value: Any) -> bool:
    """Whether a value of a document is an expression."""
    return isinstance(value, str) and value.startswith(MARK)


def literal_text(text: str) -> str:
    """The text that a scalar which is no expression stands for: one leading backslash before ``=`` is dropped."""
    return text[1:] if text.startswith("\\=") else text


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression: ``text`` as written, ``roots`` the names it reads at the top of its scope."""

    text: str
    roots: frozenset[str]
    run: Run

    @classmethod
    def compile(
        cls,
        text: str,
        document: Document,
        path: Place,
        *,
        functions: FunctionSet,
        names: Iterable[str] | None = None,
    ) -> Expression:
        """Compiles ``= …`` found at ``path``. ``names``, if given, are the names that its scope will have at the top.

        Raises Problems: bad syntax, an unknown function or top name, a wrong number of arguments.
        """
        return _Compiler(text, document, path, functions).compile(None if names is None else frozenset(names))

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The expression's value in ``scope``. Raises ExpressionError."""
        frame = Frame(scope if type(scope) is dict else dict(scope))
        value = self.evaluate_in(frame.root, frame)
        if type(value) is list or type(value) is dict:
            frame.charge_all(value)
        return value

    def evaluate_in(self, scope: dict[str, Any], frame: Frame) -> Any:
        """As evaluate, but paid for from ``frame``, whose owner looks after the size of the whole result."""
        try:
            return self.run(scope, frame)
        except RecursionError as error:
            raise ExpressionError("the values are nested too deeply") from error


class _Compiler:
    def __init__(self, text: str, document: Document, path: Place, functions: FunctionSet) -> None:
        self.text = text
        self.source = text.removeprefix(MARK)
        self.document = document
        self.path = path
        self.functions = functions

    def compile(self, names: frozenset[str] | None) -> Expression:
        if len(self.source) > MAX_CHARACTERS:
            self.fail(f"the expression is longer than {MAX_CHARACTERS} characters", "split it")
        tree = self.parse()
        count = self.inspect({"type": "pipe", "children": [tree]}, -1) - 1
        if count > MAX_TREE_NODES:
            self.fail("the expression has too many parts", "split it")
        run = compile_tree(tree, self.call)
        roots = frozenset(_roots(tree))
        if names is not None:
            for root in sorted(roots - names):
                quoted = f'"{root}"' in self.source
                mend = "put single quotes around a text: 'text'" if quoted else suggestion(root, names)
                self.fail(f"there is no '{root}' to read from", mend, root)
        return Expression(self.text, roots, run)

    def parse(self) -> dict[str, Any]:
        mend = "correct the expression; numbers in it stand in backticks: `2`, texts in single quotes: 'text'"
        try:
            # A copy, because the parser keeps what it parsed for others, and the tree is straightened below.
            tree = cast(dict[str, Any], deepcopy(Parser().parse(self.source).parsed))
        except exceptions.IncompleteExpressionError:
            self.fail("the expression ends too early", mend)
        except exceptions.LexerError as error:
            self.fail(f"the expression has a wrong sign: {error.message}", mend, offset=error.lexer_position)
        except exceptions.ParseError as error:
            if not error.token_value:
                self.fail("the expression ends too early", mend, offset=len(self.source))
            what = f"the expression does not go on like this: '{error.token_value}'"
            self.fail(what, mend, offset=error.lex_position)
        except (exceptions.JMESPathError, RecursionError, ValueError) as error:
            self.fail(f"the expression cannot be read: {str(error)[:80] or type(error).__name__}", mend)
        return tree

    def inspect(self, tree: dict[str, Any], depth: int) -> int:
        """Counts the nodes, refuses too deep trees, and makes every number in a literal exact."""
        if depth > MAX_TREE_DEPTH:
            self.fail("the expression is nested too deeply", "split it")
        if tree["type"] == "literal":
            tree["value"] = self.exact(tree["value"])
        if tree["type"] == "slice":
            return 1
        if tree["type"] == "subexpression":
            self.straighten(tree)
        if tree["type"] != "function_expression" and any(child["type"] == "expref" for child in tree["children"]):
            self.fail("'&' stands where no function takes an expression", "remove it, or call a function with it", "&")
        return 1 + sum(self.inspect(child, depth + 1) for child in tree["children"])

    def straighten(self, tree: dict[str, Any]) -> None:
        """Mends what the parser reads in another way than it is meant: ``a.*.b.c`` and ``!a.b``."""
        first, *rest = tree["children"]
        if first["type"] == "not_expression":
            self.fail("'!' turns only the first name here", "put brackets around what it should turn: !(a.b)", "!")
        if first["type"] == "value_projection":
            left, right = first["children"]
            tree["type"] = "value_projection"
            tree["children"] = [left, {"type": "subexpression", "children": [right, *rest]}]

    def exact(self, value: Any) -> Any:
        if isinstance(value, float):
            text = repr(value)
            if len(text) > 18 or "e" in text or text in ("inf", "nan"):
                self.fail(f"the number {text} cannot be held exactly", "write decimal('…') with the number as text")
            return Decimal(text)
        if isinstance(value, list):
            return [self.exact(element) for element in value]
        if isinstance(value, dict):
            return {key: self.exact(element) for key, element in value.items()}
        return value

    def call(self, name: str, arguments: list[dict[str, Any]]) -> Run:
        function = self.functions.get(name)
        if function is None:
            self.fail(f"there is no function '{name}'", suggestion(name, self.functions.names()), f"{name}(")
        if not function.accepts(len(arguments)):
            what = f"{name} takes {function.arity()}, not {len(arguments)}"
            self.fail(what, f"write {function.usage}", f"{name}(")
        for index, argument in enumerate(arguments):
            if (argument["type"] == "expref") != (index in function.expressions):
                self.fail(f"argument {index + 1} of {name} is of the wrong kind", f"write {function.usage}", f"{name}(")
        literals = [argument["value"] if argument["type"] == "literal" else ... for argument in arguments]
        fault = function.check(literals) if function.check else None
        if fault:
            self.fail(f"{name}: {fault}", f"write {function.usage}", f"{name}(")
        trees = [argument["children"][0] if argument["type"] == "expref" else argument for argument in arguments]
        weights = [weight(tree) for tree in trees]
        return _caller(function, [compile_tree(tree, self.call) for tree in trees], weights)

    def fail(self, what: str, mend: str, near: str = "", *, offset: int = 0) -> NoReturn:
        at = max(self.source.find(near), 0) if near else min(max(offset, 0), len(self.source))
        raise Problems([self.document.problem(self.path, what, mend, offset=len(MARK) + at)])


def _roots(tree: dict[str, Any]) -> set[str]:
    """The names that a tree reads from the value it is given."""
    kind, children = tree["type"], tree["children"]
    if kind == "field":
        return {tree["value"]}
    if kind in ("expref", "slice"):
        return set()
    if kind in (
        "subexpression",
        "index_expression",
        "pipe",
        "projection",
        "value_projection",
        "filter_projection",
    ):
        return _roots(children[0])
    return {name for child in children for name in _roots(child)}


def _caller(function: Function, arguments: list[Run], weights: list[int]) -> Run:
    if function.lazy == "when":
        condition, then, otherwise = arguments
        return lambda value, frame: (then if truthy(condition(value, frame)) else otherwise)(value, frame)
    if function.lazy == "default":
        return _first_present(arguments)
    plain = function.run
    if function.expressions or function.framed:
        return _framed(function, arguments, weights)
    if len(arguments) == 1:
        return _of_one(plain, arguments[0])

    def run(value: Any, frame: Frame) -> Any:
        given = [argument(value, frame) for argument in arguments]
        for one in given:
            if type(one) is str and len(one) > LONG_TEXT:
                frame.charge_text(one)
        made = plain(*given)
        if type(made) is str and len(made) > LONG_TEXT:
            frame.charge_text(made)
        return made

    return run


def _of_one(plain: Callable[[Any], Any], argument: Run) -> Run:
    def run(value: Any, frame: Frame) -> Any:
        given = argument(value, frame)
        if type(given) is str and len(given) > LONG_TEXT:
            frame.charge_text(given)
        made = plain(given)
        if type(made) is str and len(made) > LONG_TEXT:
            frame.charge_text(made)
        return made

    return run


def _first_present(arguments: list[Run]) -> Run:
    def run(value: Any, frame: Frame) -> Any:
        for argument in arguments:
            found = argument(value, frame)
            if found is not None:
                return found
        return None

    return run


def _framed(function: Function, arguments: list[Run], weights: list[int]) -> Run:
    plain, expressions = function.run, function.expressions

    def run(value: Any, frame: Frame) -> Any:
        given = [
            _bound(argument, frame, weights[index]) if index in expressions else argument(value, frame)
            for index, argument in enumerate(arguments)
        ]
        for one in given:
            if type(one) is str and len(one) > LONG_TEXT:
                frame.charge_text(one)
        made = plain(frame, *given)
        if type(made) is str and len(made) > LONG_TEXT:
            frame.charge_text(made)
        return made

    return run


def _bound(argument: Run, frame: Frame, each: int) -> Any:
    if each == 1:  # paid for by the function, with the element
        return lambda element: argument(element, frame)

    def applied(element: Any) -> Any:
        frame.charge(each)
        return argument(element, frame)

    return applied
