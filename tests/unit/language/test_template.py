from __future__ import annotations

from typing import Any

import pytest

from hub.language.document import loads
from hub.language.expression import ExpressionError
from hub.language.functions import FunctionSet
from hub.language.problem import Problem, Problems
from hub.language.template import Template


@pytest.fixture
def render(functions: FunctionSet) -> Any:
    def run(text: str, **scope: Any) -> Any:
        document = loads(text)
        return Template.compile(document.data, document, (), scope, functions=functions).render(scope)

    return run


def refuse(functions: FunctionSet, text: str, *names: str) -> list[Problem]:
    document = loads(text, "t.yaml")
    with pytest.raises(Problems) as caught:
        Template.compile(document.data, document, (), names, functions=functions)
    return list(caught.value.problems)


def test_literals_stay_and_expressions_are_filled_in(render: Any) -> None:
    made = render("a: 1\nb: [x, true, null]\nc: = source.n\nd: \\= x\ne: null\nf: {}\n", source={"n": 7})
    assert made == {"a": 1, "b": ["x", True, None], "c": 7, "d": "= x", "e": None, "f": {}}


def test_null_is_left_out(render: Any) -> None:
    made = render("a: = source.x\nb: {c: = source.x}\nd: ['= source.x', '= source.y']", source={"y": 1})
    assert made == {"b": {}, "d": [1]}


def test_loops(render: Any) -> None:
    made = render(
        "each: = source.lines\nif: = item.q > `0`\nitem: {n: '= index', q: = item.q, s: = source.s}",
        source={"s": "S", "lines": [{"q": 1}, {"q": 0}, {"q": 2}]},
    )
    assert made == [{"n": 0, "q": 1, "s": "S"}, {"n": 2, "q": 2, "s": "S"}]


def test_nested_loops_see_the_outer_item(render: Any) -> None:
    made = render(
        "each: = source\nitem:\n  each: = item.tags\n  item: = template('{}{}{}', parent.id, item, index)",
        source=[{"id": "a", "tags": ["x", "y"]}, {"id": "b", "tags": []}, {"id": "c"}],
    )
    assert made == [["ax0", "ay1"], [], []]


def test_a_loop_over_nothing_is_an_empty_list(render: Any) -> None:
    assert render("l: {each: = source.x, item: 1}", source={}) == {"l": []}


def test_choices(render: Any) -> None:
    text = "x: {if: = source.a, then: {k: = source.a}, else: none}\ny: [{if: = source.b, then: 1}, 2]"
    assert render(text, source={"a": 1}) == {"x": {"k": 1}, "y": [2]}
    assert render(text, source={"b": 1}) == {"x": "none", "y": [1, 2]}


def test_the_whole_may_be_one_expression(render: Any) -> None:
    assert render("'= source'", source=[1, 2]) == [1, 2]
    assert render("'= source.x'", source={}) is None


@pytest.mark.parametrize(
    ("text", "what", "line", "column"),
    [
        ("a: = sorce.x", "no 'sorce'", 1, 6),
        ("a:\n  b: ['= source.']", "too early", 2, 17),
        ("a: =source.x", "neither an expression nor escaped", 1, 4),
        ("a: {each: = source}", "'item' is missing", 1, 4),
        ("a: {each: source.x, item: 1}", "an expression is wanted", 1, 11),
        ("a:\n  each: = source\n  item: 1\n  iff: = item", "'iff' has no meaning", 4, 3),
        ("a: {if: = source, else: 1}", "'then' is missing", 1, 4),
        ("a: = item.x", "no 'item'", 1, 6),
        ("a: {each: = item.x, item: = item}", "no 'item'", 1, 13),
    ],
)
def test_faults(functions: FunctionSet, text: str, what: str, line: int, column: int) -> None:
    problem = refuse(functions, text, "source")[0]
    assert what in problem.what
    assert (problem.line, problem.column) == (line, column)


def test_all_faults_at_once(functions: FunctionSet) -> None:
    assert len(refuse(functions, "a: = x\nb: [= y]\nc: {each: = z, item: = w}", "source")) == 4


def test_a_failing_expression_names_its_output(functions: FunctionSet) -> None:
    document = loads("lines: {each: = source, item: {price: '= money(item.p, ''EUR'')', q: = integer(item.q)}}\nx: 1")
    template = Template.compile(document.data, document, (), {"source"}, functions=functions)
    source = [{"p": "1", "q": "2"}, {"p": "a", "q": "b"}]
    with pytest.raises(ExpressionError) as caught:
        template.render({"source": source})
    assert caught.value.path == ("lines", 1, "price")
    faults: list[ExpressionError] = []
    made = template.render({"source": source}, faults)
    assert made == {"lines": [{"price": 100, "q": 2}, {}], "x": 1}
    assert [fault.path for fault in faults] == [("lines", 1, "price"), ("lines", 1, "q")]


def test_a_loop_over_what_is_no_list_is_a_fault(functions: FunctionSet) -> None:
    document = loads("{each: = source, item: 1}")
    template = Template.compile(document.data, document, (), {"source"}, functions=functions)
    with pytest.raises(ExpressionError, match="a list is wanted"):
        template.render({"source": "abc"})
    faults: list[ExpressionError] = []
    assert template.render({"source": "abc"}, faults) is None
    assert len(faults) == 1


def test_one_budget_for_the_whole(functions: FunctionSet) -> None:
    document = loads("{each: = s, item: {each: = s, item: {each: = s, item: 1}}}")
    template = Template.compile(document.data, document, (), {"s"}, functions=functions)
    with pytest.raises(ExpressionError, match="more work"):
        template.render({"s": [1] * 500})


def test_roots(functions: FunctionSet) -> None:
    document = loads("a: = source.x\nb: {each: = settings.y, item: = item.z}")
    template = Template.compile(document.data, document, (), {"source", "settings", "input"}, functions=functions)
    assert template.roots >= {"source", "settings"}


def test_work_without_end_is_collected_like_any_other_fault(functions: FunctionSet) -> None:
    """It was raised past the collecting, so that a payload could make a mapping raise."""
    document = loads("a: {each: = items, item: {each: = items, item: {each: = items, item: x}}}")
    template = Template.compile(document.data, document, (), ("items",), functions=functions)
    for draw in (template.render, template.part):
        faults: list[ExpressionError] = []
        assert draw({"items": [1] * 300}, faults) is None
        assert [fault.what for fault in faults] == ["the expression does more work than is allowed"]
