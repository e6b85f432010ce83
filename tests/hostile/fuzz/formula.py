"""Expressions and templates: from the grammar or from raw text, over a scope made of traps."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from hub.language.document import Document
from hub.language.evaluate import ExpressionError
from hub.language.expression import Expression
from hub.language.functions import FunctionSet, default_functions
from hub.language.functions.registry import Function
from hub.language.problem import Problems
from hub.language.template import Template
from hub.model.money import exponent
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.hostile import VALUES, expect_plain, texts
from tests.hostile.fuzz.target import Target, expect

LOOT = "attribute-loot"
FUNCTIONS: FunctionSet = default_functions(exponent)
_NAMES = ("source", "settings", "tables")
_DOCUMENT = Document("fuzz", None, {}, "")
_PATHS = (
    "source", "source.id", "source.items", "source.items[].price", "source.items[*].sku", "source.odd",
    "source.odd[0]", "source.odd[*]", "source.long", "source.deep", "source.trap", "source.trap.loot",
    "source.trap.__class__", "source.n", "source.numbers", "tables", "tables.rates", "settings.currency", "@", "item",
    "item.sku", "index", "parent", "a", "b", "sku", "source.*", "source.items[?price > `1`]", "source.items[-1]",
    "source.items[::2]", "source.items[?sku == 'A'].price | [0]",
)  # fmt: skip
_LITERALS = (
    "`0`", "`1`", "`2`", "`-1`", "`18`", "`1.5`", "`true`", "`null`", "`[]`", "`{}`", "`[1, [2], {\"a\": null}]`",
    "'EUR'", "'JPY'", "'1e18'", "'9999999999999999999999999999999999999999e18'",
    "'0.00000000000000000000000000000000000001e-18'", "''", "' '", "'2026-01-31T09:30:00'", "'Europe/Vienna'",
    "'../../etc/passwd'", "'{}'", "'{}-{}'", "'rates'", "'sku'", "'US'", "'Österreich'",
)  # fmt: skip


class Trap:
    """An object that no expression may ask anything of."""

    loot = LOOT

    def __str__(self) -> str:
        return LOOT

    __repr__ = __str__

    def get(self, name: str, otherwise: Any = None) -> str:
        return LOOT


@cache
def scope() -> dict[str, Any]:
    odd = [value for value in VALUES if value not in ([], {})]
    return {
        "source": {
            "id": 9007199254740993,
            "n": "12.34",
            "numbers": ["1", Decimal("2.50"), 10**40, None, "9" * 40],
            "items": [
                {"sku": "A", "price": Decimal("1.10"), "quantity": 2, "tags": ["x", "y"]},
                {"sku": "B", "price": "2.20", "quantity": 0, "tags": []},
                {"sku": None, "price": 3, "quantity": 1, "tags": ["z"]},
            ],
            "odd": odd,
            "long": "x y " * 20_000,
            "deep": _deep(60),
            "trap": Trap(),
        },
        "settings": {"currency": "EUR", "trap": Trap()},
        "tables": {"rates": {"A": "1", "7": "Seven"}},
    }


def _deep(levels: int) -> Any:
    value: Any = "bottom"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


def formula(draw: Draw, depth: int = 0) -> str:
    """An expression from the grammar; a few of them do not compile, and that is a verdict too."""
    kind = draw.below(12 if depth < 5 else 3)
    if kind <= 1:
        return draw.pick(_PATHS)
    if kind == 2:
        return draw.pick(_LITERALS)
    if kind <= 7:
        return _call(draw, depth)
    left = formula(draw, depth + 1)
    if kind == 8:
        return f"{left} | {formula(draw, depth + 1)}"
    if kind == 9:
        return f"({left}) {draw.pick(('==', '!=', '<', '>=', '&&', '||'))} ({formula(draw, depth + 1)})"
    if kind == 10:
        return draw.pick(("[@, {0}]", "{{a: {0}, b: @}}", "!({0})", "({0})[*]", "({0})[]", "({0})[?@]")).format(left)
    return " | ".join([left, *[draw.pick(("[@, @]", "[@, @][]", "{a: @, b: @}", "product(@, @)"))] * draw.below(24)])


def _call(draw: Draw, depth: int) -> str:
    function: Function = draw.pick(_functions())
    parameters = [name for name in function.parameters if not name.endswith(("?", "...")) or not draw.one_in(2)]
    if parameters and parameters[-1].endswith("..."):
        parameters += parameters[-1:] * draw.below(3)
    given = [("&" if name.startswith("&") else "") + formula(draw, depth + 1) for name in parameters]
    return f"{function.name}({', '.join(given)})"


@cache
def _functions() -> tuple[Function, ...]:
    return tuple(FUNCTIONS)


def check_formula(data: bytes) -> None:
    draw = Draw(data)
    text = draw.rest().decode("utf-8", "replace") if draw.byte() >= 200 else formula(draw)
    evaluate(text)


def evaluate(text: str) -> Any:
    """The value of an expression over the traps, judged. Raises what the language refuses with."""
    names = (*_NAMES, "item", "index", "parent", "a", "b", "sku")
    expression = Expression.compile(f"= {text}", _DOCUMENT, ("x",), functions=FUNCTIONS, names=names)
    try:
        value = expression.evaluate(scope())
    except TypeError as error:
        if "of type Trap" not in str(error):  # json() met one: no real scope holds what JSON cannot
            raise
        return None
    expect_harmless(value)
    return value


def expect_harmless(value: Any) -> None:
    """Plain data, in which no object's attribute has turned up."""
    expect(not any(LOOT in text for text in texts(value)), "an attribute of an object was read")
    expect_plain(value, "the result", Trap)


def node(draw: Draw, depth: int = 0) -> Any:
    """A template: mappings, lists, loops, choices, expressions and plain values."""
    kind = draw.below(9 if depth < 4 else 2)
    if kind == 0:
        return f"= {formula(draw, 3)}"
    if kind == 1:
        return draw.pick(VALUES)
    if kind <= 3:
        return {name: node(draw, depth + 1) for name in ("a", "b", "c")[: 1 + draw.below(3)]}
    if kind == 4:
        return [node(draw, depth + 1) for _ in range(draw.below(3))]
    if kind <= 6:
        loop = {"each": f"= {formula(draw, 3)}", "item": node(draw, depth + 1)}
        return loop | ({"if": f"= {formula(draw, 4)}"} if draw.one_in(2) else {})
    choice = {"if": f"= {formula(draw, 3)}", "then": node(draw, depth + 1)}
    return choice | ({"else": node(draw, depth + 1)} if draw.one_in(2) else {})


def check_template(data: bytes) -> None:
    made = node(Draw(data))
    template = Template.compile(made, _DOCUMENT, (), _NAMES, functions=FUNCTIONS)
    faults: list[ExpressionError] = []
    try:
        collected = template.render(scope(), faults)
        expect_harmless(collected)
        value = template.render(scope())
    except ExpressionError:
        expect(faults, "the first fault is raised where none was collected")
    except TypeError as error:
        if "of type Trap" not in str(error):
            raise
    else:
        expect(not faults, "faults were collected and none is raised")
        expect(value == collected, "the same template gave two values")


def formula_seeds() -> list[bytes]:
    """Raw texts behind the byte that says so, and some paths through the grammar."""
    raw = [
        *_PATHS,
        *(function.usage for function in FUNCTIONS),
        "[@, @] | [@, @]",
        "a.b.c[0].d",
        "'x",
        "`{`",
        "((a",
        "@[*][*]",
    ]
    walks = [bytes((step * (turn + 3) + turn) % 200 for step in range(40)) for turn in range(24)]
    doubled = [b"\x0b\x05\x00\x03" + bytes([count]) for count in (8, 16, 23)]
    return [*(b"\xff" + text.encode() for text in raw), *walks, *doubled]


def template_seeds() -> list[bytes]:
    return [bytes((step * (turn + 5) + 3 * turn) % 256 for step in range(60)) for turn in range(24)]


_WORDS = tuple(
    word.encode()
    for word in (
        "| ",
        "[*]",
        "[]",
        "[?",
        "&",
        "||",
        "&&",
        "!",
        "@",
        "`1`",
        "'a'",
        "source",
        *(f.name + "(" for f in FUNCTIONS),
    )
)
EXPRESSION = Target(
    "expression", "the expression language over a scope of traps", check_formula, (Problems, ExpressionError),
    formula_seeds, _WORDS, 1024, 4.0,
)  # fmt: skip
TEMPLATE = Target(
    "template", "templates: loops, choices, faults", check_template, (Problems,), template_seeds, (), 1024, 6.0
)
