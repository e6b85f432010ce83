"""Lists that go on: gathered for lookups, turned page by page for sweeps, and never half seen."""

from __future__ import annotations

from typing import Any

from hub.connector.load import Connector
from hub.model.outcome import Verdict
from tests.unit.connector.provider import CAPTURE, FIND, PAYMENT, answer, connected, made, manifest

LIST = """
  order.list:
    method: GET
    path: /orders
    query: {limit: 2, page: "= page", since: "= input.updated_since"}
    pages: {next: "= answer.next"}
    result: {orders: "= answer.orders"}
    examples: [{name: it, outcome: {}}]
"""


def page(*names: str, following: Any = None) -> Any:
    return answer(200, {"hits": [{"id": name} for name in names], "next": following})


def test_a_lookup_gathers_all_pages() -> None:
    connection, wire = connected(page("a", following=2), page(following=3), page("b"))
    outcome = connection.read("payment.find", PAYMENT)
    assert outcome.verdict is Verdict.DONE
    assert outcome.result == {"hits": [{"id": "a"}, {"id": "b"}]}
    assert [request.url.partition("?")[2] for request in wire.asked] == [
        "ref=cdref",
        "ref=cdref&after=2",
        "ref=cdref&after=3",
    ]


def test_a_page_that_fails_fails_the_lookup() -> None:
    connection, _ = connected(page("a", following=2), answer(500))
    outcome = connection.read("payment.find", PAYMENT)
    assert (outcome.verdict, outcome.result) == (Verdict.UNKNOWN, {})


def test_more_pages_than_allowed_is_unknown() -> None:
    connection, wire = connected(*(page("a", following=number) for number in range(1, 9)))
    outcome = connection.read("payment.find", PAYMENT)
    assert (outcome.verdict, outcome.code, outcome.result) == (Verdict.UNKNOWN, "too_many_pages", {})
    assert len(wire.asked) == 3


def test_pages_that_go_round_are_unknown() -> None:
    connection, _ = connected(page("a", following=2), page("b", following=2))
    assert connection.read("payment.find", PAYMENT).code == "pages"


def lists(text: str = LIST) -> Connector:
    return made(manifest(CAPTURE, FIND, text))


def test_a_sweep_turns_one_page_at_a_time() -> None:
    first = answer(200, {"orders": [{"id": 1}], "next": "abc"})
    connection, wire = connected(first, answer(200, {"orders": [{"id": 2}]}), connector=lists())
    one = connection.read("order.list", {"updated_since": "2026-01-01T00:00:00Z", "cursor": None})
    assert one.result == {"orders": [{"id": 1}], "next": '"abc"'}
    two = connection.read("order.list", {"updated_since": "2026-01-01T00:00:00Z", "cursor": one.result["next"]})
    assert two.result == {"orders": [{"id": 2}], "next": None}
    assert [request.url.partition("?")[2] for request in wire.asked] == [
        "limit=2&since=2026-01-01T00:00:00Z",
        "limit=2&page=abc&since=2026-01-01T00:00:00Z",
    ]


def test_a_cursor_that_is_none_is_refused() -> None:
    connection, wire = connected(connector=lists())
    assert connection.read("order.list", {"cursor": "{"}).code == "cannot_prepare"
    assert not wire.asked


def test_the_link_header_gives_parameters_and_never_an_address() -> None:
    text = LIST.replace('{next: "= answer.next"}', "{style: link}").replace(', page: "= page"', "")
    link = '<https://evil.example/orders?limit=2&page_info=xyz>; rel="next", <https://a.example/?x=1>; rel="previous"'
    connection, wire = connected(
        answer(200, {"orders": []}, link=link), answer(200, {"orders": []}), connector=lists(text)
    )
    one = connection.read("order.list", {"cursor": None})
    connection.read("order.list", {"cursor": one.result["next"]})
    assert wire.asked[1].url == "https://blue.acme.example/api/orders?limit=2&page_info=xyz"


def test_further_questions_come_first_and_must_be_answered() -> None:
    text = """
  account.describe:
    method: GET
    path: /me
    also: {places: {path: "/places/{input.reference}", query: {all: true}}}
    result: {account: {name: "= answer.name", locations: "= also.places"}}
    examples: [{name: it, outcome: {}}]
"""
    connection, wire = connected(answer(200, [{"id": "1"}]), answer(200, {"name": "A"}), connector=lists(text))
    outcome = connection.read("account.describe", {"reference": "r"})
    assert outcome.result == {"account": {"name": "A", "locations": [{"id": "1"}]}}
    assert [request.url.rpartition("/api")[2] for request in wire.asked] == ["/places/r?all=true", "/me"]
    connection, wire = connected(answer(500), connector=lists(text))
    assert connection.read("account.describe", {"reference": "r"}).verdict is Verdict.UNKNOWN
    assert len(wire.asked) == 1
