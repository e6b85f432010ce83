"""The small parts everything stands on: chance, agenda, journals, forms, people, the query language."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sandbox.agenda import Agenda
from hub.sandbox.call import BadBody, Call, nested
from hub.sandbox.chance import Chance
from hub.sandbox.ledger import Journal, Ledger, read_ledgers, read_lines
from hub.sandbox.people import People
from hub.sandbox.shopify.language import Enum, Field, SyntaxProblem, Variable, parse
from hub.sandbox.signing import standard


def test_chance_repeats_itself_and_nothing_else() -> None:
    one, same, other = Chance(1), Chance(1), Chance(2)
    assert one.share("a", 1) == same.share("a", 1) != other.share("a", 1)
    assert one.share("a", 1) != one.share("a", 2)
    assert 0.45 < sum(one.share(i) for i in range(2000)) / 2000 < 0.55
    assert sorted(one.shuffled("abcdef", "x")) == list("abcdef")
    assert {one.weighted((("a", 1), ("b", 0)), i) for i in range(50)} == {"a"}
    assert len(one.token(30, "t")) == 30
    assert all(3 <= one.between((3, 4), i) < 4 for i in range(50))


def test_the_agenda_keeps_order_and_does_what_deeds_plan() -> None:
    agenda, done = Agenda(), list[str]()
    agenda.at(2, lambda now: done.append(f"b{now:g}"))
    agenda.at(1, lambda now: agenda.at(now + 0.5, lambda then: done.append(f"a{then:g}")))
    assert agenda.next_due() == 1
    assert (agenda.run(1.9), done) == (2, ["a1.5"])
    assert (agenda.run(2), done, agenda.next_due()) == (1, ["a1.5", "b2"], None)


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x.jsonl")
    journal.write({"a": 1})
    journal.close()
    with (tmp_path / "x.jsonl").open("ab") as file:
        file.write(b'{"a": 2, "b')
    assert read_lines(tmp_path / "x.jsonl") == [{"a": 1}]
    assert read_lines(tmp_path / "none.jsonl") == []


def test_a_ledger_is_a_file_of_its_own_and_starts_empty(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "stripe/main")
    assert read_ledgers(tmp_path) == {"stripe-main": []}
    ledger.effect(1.0, "payment.capture", amount=5)
    ledger.double(2.0, "payment.capture", "again", amount=5)
    assert [(line["kind"], line.get("why")) for line in read_ledgers(tmp_path)["stripe-main"]] == [
        ("effect", None), ("double", "again"),
    ]  # fmt: skip
    ledger.close()


def test_forms_nest() -> None:
    pairs = [("a", "1"), ("m[x]", "2"), ("m[y][z]", "3"), ("l[]", "4"), ("l[]", "5")]
    assert nested(pairs) == {"a": "1", "m": {"x": "2", "y": {"z": "3"}}, "l": ["4", "5"]}
    with pytest.raises(BadBody):
        nested([("a", "1"), ("a[b][c]", "2")])


def test_bodies_keep_decimals_exact() -> None:
    call = Call("POST", "", {}, {}, b'{"a": 0.1, "b": 12345678901234567890}', 0.0)
    assert (str(call.json()["a"]), call.json()["b"]) == ("0.1", 12345678901234567890)
    with pytest.raises(BadBody):
        Call("POST", "", {}, {}, b"{", 0.0).json()


def test_nobody_is_met_twice() -> None:
    people = People(Chance(1))
    met = [people.person() for _ in range(9000)]
    assert len({person.email for person in met}) == len({(person.first, person.last) for person in met}) == 9000
    home = people.address(met[0], "europe", "x")
    assert home == people.address(met[0], "europe", "x")
    assert home.name == f"{met[0].first} {met[0].last}"


def test_the_published_vector_of_standard_webhooks() -> None:
    """The reference of the specification, version 1.0.0."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = dict(standard(b'{"test": 2432232314}', secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_queries_are_read_whole() -> None:
    text = """
      # a comment
      query Find($id: ID!, $n: [Int!]! = [1, 2]) @cached {
        o: order(id: $id, kinds: [A, B], deep: {x: "a\\"b\\u0041", y: null, z: -1.5}) @skip(if: false) { id }
        note(text: \"\"\"
          long "text"
        \"\"\") { ... on Order { id } }
      }"""
    operation = parse(text).operations[0]
    assert [(each.name, each.type, each.required) for each in operation.variables] == [
        ("id", "ID!", True), ("n", "[Int!]!", False),
    ]  # fmt: skip
    field = operation.selections[0]
    assert isinstance(field, Field)
    assert field.arguments == {
        "id": Variable("id"),
        "kinds": [Enum("A"), Enum("B")],
        "deep": {"x": 'a"bA', "y": None, "z": -1.5},
    }
    note = operation.selections[1]
    assert isinstance(note, Field)
    assert note.arguments == {"text": 'long "text"'}


@pytest.mark.parametrize(
    "text", ["", "{", "{ }", "subscription { a }", "{ a(b: ) }", "{ a(b: 1 }", "{ a } ?", "fragment x on"]
)
def test_what_is_not_a_query_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text)
    assert caught.value.line >= 1 and caught.value.column >= 1


def test_depth_is_bounded() -> None:
    with pytest.raises(SyntaxProblem):
        parse("{a" * 500 + "}" * 500)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        parse(text)
    except SyntaxProblem:
        return
