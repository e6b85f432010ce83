from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from hub.language.document import loads
from hub.language.evaluate import Frame, compile_tree
from hub.language.expression import Expression, ExpressionError, is_expression, literal_text
from hub.language.functions import FunctionSet
from hub.language.problem import Problem, Problems

SCOPE: dict[str, Any] = {
    "source": {
        "id": 9007199254740993,
        "total": "10.50",
        "price": Decimal("6.599666666666667"),
        "items": [
            {"sku": "A", "quantity": 2, "price": Decimal("1.10"), "tags": ["x", "y"]},
            {"sku": "B", "quantity": 0, "price": Decimal("2.20"), "tags": []},
            {"sku": None, "quantity": 1, "price": 3, "tags": ["z"]},
        ],
        "empty": "",
        "nested": {"a": {"b": {"c": "deep"}}},
    },
    "tables": {"carriers": {"ups": "UPS", "7": "Seven"}},
}


@pytest.fixture
def evaluate(functions: FunctionSet) -> Any:
    def run(text: str, scope: dict[str, Any] | None = None) -> Any:
        document = loads("x: 1")
        expression = Expression.compile(f"= {text}", document, ("x",), functions=functions)
        return expression.evaluate(SCOPE if scope is None else scope)

    return run


def refuse(functions: FunctionSet, text: str, names: set[str] | None = None) -> Problem:
    with pytest.raises(Problems) as caught:
        Expression.compile(f"= {text}", loads(f"x: = {text}"), ("x",), functions=functions, names=names)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("source.id", 9007199254740993),
        ("source.nested.a.b.c", "deep"),
        ("source.nested.absent.b", None),
        ("source.items[0].sku", "A"),
        ("source.items[-1].price", 3),
        ("source.items[9]", None),
        ("source.items[].sku", ["A", "B"]),
        ("source.items[*].tags[]", ["x", "y", "z"]),
        ("source.items[:2].sku", ["A", "B"]),
        ("source.items[?quantity > `0`].sku", ["A"]),
        ("source.items[?price == `2.2`].sku | [0]", "B"),
        ("source.items[?price >= `2.20` && quantity != `1`].sku", ["B"]),
        ("source.items[?!tags].sku", ["B"]),
        ("source.items[0].{s: sku, q: quantity}", {"s": "A", "q": 2}),
        ("source.items[0].[sku, quantity]", ["A", 2]),
        ("source.nested.*.b.c", ["deep"]),
        ("source.empty || 'else'", "else"),
        ("source.total && 'then'", "then"),
        ("!(source.empty)", True),
        ("`0` || 'else'", 0),
        ("'a' == 'a'", True),
        ("`1` == `1.0`", True),
        ("`true` == `1`", False),
        ("source.total == `10.5`", False),
        ("'b' > 'a'", None),
        ('source.items[0].tags == `["x", "y"]`', True),
        ("@.source.total", "10.50"),
        ("`1.25`", Decimal("1.25")),
        ("source.absent.*", None),
        ("source.items.sku", None),
        ("source.total[0]", None),
    ],
)
def test_selection(evaluate: Any, text: str, value: object) -> None:
    found = evaluate(text)
    assert found == value
    assert type(found) is type(value)


def test_decimals_compare_and_sum_exactly(evaluate: Any) -> None:
    prices = {"p": [Decimal("0.1"), Decimal("0.2"), "0.3"]}
    assert evaluate("sum(p)", prices) == Decimal("0.6")
    assert evaluate("p[?@ == `0.1`]", prices) == [Decimal("0.1")]
    assert evaluate("max(p)", prices) == Decimal("0.3")


@pytest.mark.parametrize("name", ["__class__", "__dict__", "get", "keys"])
def test_attributes_are_out_of_reach(evaluate: Any, name: str) -> None:
    assert evaluate(f"source.{name}") is None
    assert evaluate(f"source.total.{name}") is None


def test_every_attack_is_refused_or_harmless(shared: Path, functions: FunctionSet) -> None:
    lines = (shared / "corpora/attacks/expression_attacks.txt").read_text(encoding="utf-8").splitlines()
    deep = ["(" * 1900 + "a" + ")" * 1900, "!" * 3000 + "a", ".".join("a" * 1900), "[" * 1900 + "]" * 1900]
    for line in [*lines, *deep, "(" * 10_000 + "a" + ")" * 10_000, ".".join("a" * 50_000)]:
        begun = time.thread_time()
        try:
            compiled = Expression.compile(f"= {line}", loads("x: 1"), ("x",), functions=functions)
            assert compiled.evaluate({"order": {"total": Decimal("10.00")}}) in (None, "")
        except (Problems, ExpressionError):
            pass
        assert time.thread_time() - begun < 1, line[:60]


@pytest.mark.parametrize(
    "text",
    [
        " | ".join(["[@, @]"] * 50),
        " | ".join(["{a: @, b: @}"] * 40),
        " | ".join(["[@, @][]"] * 50),
        "template('{}{}', " + "x, x) | template('{}{}', @, @" * 30 + ")",
        "replace(replace(replace(x, 'a', x), 'a', x), 'a', x)",
        "join(x, split(x, 'a'))",
        "json(" + " | ".join(["[@, @]"] * 40) + ")",
        "(" + " | ".join(["[@, @]"] * 20) + ") == (" + " | ".join(["[@, `1`] | [@[0], @[0]]"] * 20) + ")",
        "product(" + ", ".join(["`999999999999999999`"] * 300) + ")",
        "split(x, 'a')[].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][].[@, @][]",
    ],
)
def test_no_expression_grows_without_end(evaluate: Any, text: str) -> None:
    begun = time.thread_time()
    with pytest.raises((ExpressionError, Problems)):
        evaluate(text, {"x": "a" * 10_000})
    assert time.thread_time() - begun < 5


@pytest.mark.parametrize(
    ("text", "what", "mend", "column"),
    [
        ("source.", "ends too early", "correct", 13),
        ("source.total +", "wrong sign", "correct", 19),
        ("moeny(source.total, 'EUR')", "no function 'moeny'", "did you mean 'money'?", 6),
        ("money(source.total)", "money takes 2 arguments, not 1", "money(value, currency)", 6),
        ("source.a == env('X')", "no function 'env'", "known", 18),
        ("!source.a", "only the first name", "!(a.b)", 6),
        ("now()", "no function 'now'", "known", 6),
        ("random()", "no function 'random'", "known", 6),
        ("sorce.total", "no 'sorce' to read from", "did you mean 'source'?", 6),
        ("join(',', source.a, secrets.key)", "join takes 2 arguments", "join(separator, list)", 6),
        ("default(source.a, secrets.key)", "no 'secrets'", "known here: source", 24),
        ('source.a == "EUR"', "no 'EUR'", "single quotes", 19),
        ("map_by(source.a, b)", "argument 2 of map_by is of the wrong kind", "&expression", 6),
        ("length(&source)", "argument 1 of length is of the wrong kind", "length(value)", 6),
        ("template('{} {}', source.a)", "2 places for 1 values", "template(pattern", 6),
        ("template('{0}', source.a)", "places", "template(pattern", 6),
        ("template('{a}{}', source.a)", "empty braces", "template(pattern", 6),
        ("`0.1234567890123456789`", "exactly", "decimal(", 6),
        ("`1e400`", "exactly", "decimal(", 6),
    ],
)
def test_faults_are_told_where_they_are(functions: FunctionSet, text: str, what: str, mend: str, column: int) -> None:
    problem = refuse(functions, text, {"source"})
    assert what in problem.what
    assert mend in problem.mend
    assert (problem.line, problem.column) == (1, column)


def test_roots_are_only_the_names_read_at_the_top(functions: FunctionSet) -> None:
    text = "= merge(source.a[?b == c.d].e, {x: settings.y, z: first(map_by(input[].k, &inner.name))}) | @.later"
    expression = Expression.compile(text, loads("x: 1"), ("x",), functions=functions)
    assert expression.roots == {"source", "settings", "input"}


def test_what_is_an_expression() -> None:
    assert is_expression("= a")
    assert not is_expression("=a")
    assert not is_expression("\\= a")
    assert not is_expression(3)
    assert literal_text("\\= a") == "= a"
    assert literal_text("a") == "a"


def test_the_scope_may_be_any_mapping(functions: FunctionSet) -> None:
    expression = Expression.compile("= a.b", loads("x: 1"), ("x",), functions=functions)
    assert expression.evaluate(MappingProxyType({"a": {"b": 1}})) == 1


def test_an_unknown_kind_of_node_cannot_run() -> None:
    with pytest.raises(KeyError):
        compile_tree({"type": "attribute", "children": []}, lambda name, arguments: lambda value, frame: None)


def test_a_budget_is_spent_once() -> None:
    frame = Frame({}, steps=10)
    frame.charge(10)
    with pytest.raises(ExpressionError, match="more work"):
        frame.charge(1)


def test_a_simple_selection_takes_microseconds(evaluate: Any, functions: FunctionSet) -> None:
    expression = Expression.compile("= money(source.total, 'EUR')", loads("x: 1"), ("x",), functions=functions)
    begun = time.thread_time()
    for _ in range(2_000):
        expression.evaluate(SCOPE)
    assert (time.thread_time() - begun) / 2_000 < 100e-6


@pytest.mark.parametrize("text", ["&source", "[&source, source]", "(&source).id", "source[?&id]", "&source | @"])
def test_an_expression_as_a_value_is_refused_outside_a_call(functions: FunctionSet, text: str) -> None:
    assert "'&'" in refuse(functions, text).what


DOUBLED = " | [@, @][]" * 13


@pytest.mark.parametrize(
    "text",
    [
        f"[long, long]{DOUBLED} | [*].upper(@) | length(@)",  # 16,384 texts of 100,000 characters: 1.6 GB
        f"[long, long]{DOUBLED} | [?contains(@, 'y')] | length(@)",
        f"['b', 'b']{DOUBLED} | map_by(@, &replace('{'a' * 500}', 'a', '{'x' * 500}')) | length(@)",
        f"[long, long]{DOUBLED} | map_by(@, &split(@, 'z')) | length(@)",
    ],
)
def test_work_on_texts_is_paid_for(evaluate: Any, text: str) -> None:
    with pytest.raises(ExpressionError, match="more work than is allowed"):
        evaluate(text, {"long": "x" * 100_000})


def test_work_on_each_element_is_paid_for_by_its_size(evaluate: Any) -> None:
    many = ", ".join(["@"] * 600)
    with pytest.raises(ExpressionError, match="more work than is allowed"):
        evaluate(f"items[*].[{many}] | length(@)", {"items": [1] * 200_000})
    assert evaluate("items[*].[@, @] | length(@)", {"items": [1] * 200_000}) == 200_000
