"""Shopify's manifest against the sandbox's shop, and its field list against the mapping that reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hub.connector.load import load
from hub.language.decode import canonical_json, decode_json
from hub.mapping.load import load as load_mapping
from hub.mapping.translator import translate_document
from hub.model.contract import NotPrepared
from hub.model.outcome import Verdict
from hub.sandbox.ledger import read_ledgers
from hub.wire.call import Request, Response
from tests.unit.connectors.carried import Carrier, Line, order_facts
from tests.unit.sandbox.clerk import Clerk

AURORA = "shopify/aurora"


@pytest.fixture
def carrier(clerk: Clerk) -> Carrier:
    return Carrier(clerk.world, clerk.clock)


@pytest.fixture
def line(checkout: Path, clerk: Clerk, carrier: Carrier) -> Line:
    shop: Any = clerk.world.accounts[AURORA]
    secrets = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    return Line(checkout, carrier, AURORA, secrets, {"shop_domain": shop.domain, "notify_of_refunds": False})


def effects(clerk: Clerk, name: str) -> list[dict[str, Any]]:
    book = read_ledgers(clerk.world.directory)["shopify-aurora"]
    return [each for each in book if each["kind"] == "effect" and each["effect"] == name]


def doubles(clerk: Clerk) -> list[dict[str, Any]]:
    return [each for each in read_ledgers(clerk.world.directory)["shopify-aurora"] if each["kind"] == "double"]


def payment_of(line: Line, checkout: Path, source_id: str) -> dict[str, Any]:
    """The order's first payment, as the mapping of pulled orders makes it."""
    return canonical(line, checkout, source_id)["payments"][0]  # type: ignore[no-any-return]


def canonical(line: Line, checkout: Path, source_id: str) -> dict[str, Any]:
    fetched = line.do("order.fetch", source_id=source_id)
    assert fetched.verdict is Verdict.DONE, fetched
    mapping = load_mapping(checkout / "mappings/shopify-order-graphql.yaml")
    told = translate_document(mapping, fetched.result["order"], {})
    assert not told.problems
    return told.entities[0].document


def parcel(number: str, **lines: int) -> dict[str, Any]:
    return {"id": number, "lines": [{"id": key.lstrip("l"), "quantity": units} for key, units in lines.items()],
            "tracking_number": number, "carrier": "UPS", "tracking_url": None}  # fmt: skip


def paths(selection: str, fragments: str) -> set[str]:
    """A selection as paths, `lineItems.nodes.variant.id`: arguments left out, the two small fragments put in."""
    for name in ("Money", "Address"):
        body = fragments.partition(f"fragment {name} on")[2]
        inner = re.search(r"\{((?:[^{}]|\{[^{}]*\})*)\}", body)
        assert inner
        selection = selection.replace(f"...{name}", inner[1])
    found, stack, last = set(), [], ""
    for token in re.findall(r"[{}]|\w+", re.sub(r"\([^()]*\)", "", selection)):
        if token == "{":
            stack.append(last)
        elif token == "}":
            stack.pop()
        else:
            last = token
            found.add(".".join([*stack, token]))
    return found


def test_what_is_asked_for_is_what_the_mapping_reads(checkout: Path) -> None:
    head = (checkout / "mappings/shopify-order-graphql.yaml").read_text().partition("# Ids are given")[0]
    listed, _, fragments = "\n".join(row[1:] for row in head.splitlines()[4:]).partition("fragment Money")
    wanted = paths(listed, f"fragment Money{fragments}")
    assert {"name", "lineItems.nodes.variant.inventoryItem.measurement.weight.unit"} <= wanted
    operations = load(checkout / "connectors/shopify").manifest.operations
    for name in ("order.fetch", "order.list"):
        body = operations[name].body
        assert body is not None
        assert body.graphql is not None
        whole = body.graphql.query.partition("fragment Whole on Order")[2].strip()
        assert paths(whole[1:-1], body.graphql.query) == wanted, name


STORIES = [
    "captured at Shopify",
    "authorised at Shopify",
    "authorised at Shopify in the buyer's currency",
    "digital",
    "pickup",
]


@pytest.mark.parametrize("story", STORIES)
def test_an_order_is_read_and_understood(clerk: Clerk, line: Line, checkout: Path, story: str) -> None:
    order = clerk.place(AURORA, story)
    found = canonical(line, checkout, order.id)
    assert found["id"] == order.id
    assert sum(each["quantity"]["total"] for each in found["line_items"]) == sum(each.quantity for each in order.lines)


def test_an_order_that_is_not_there_is_none(line: Line) -> None:
    outcome = line.do("order.fetch", source_id="99")
    assert (outcome.verdict, outcome.result) == (Verdict.DONE, {"order": None})


def test_orders_are_listed_page_by_page_by_their_change(clerk: Clerk, line: Line) -> None:
    placed = []
    for _ in range(9):
        clerk.clock.now += 60
        placed.append(clerk.place(AURORA, "captured at Shopify"))
    since = "2000-01-01T00:00:00Z"
    seen, cursor = [], None
    while True:
        outcome = line.do("order.list", updated_since=since, cursor=cursor)
        assert outcome.verdict is Verdict.DONE
        seen += [each["id"].rpartition("/")[2] for each in outcome.result["orders"]]
        cursor = outcome.result["next"]
        if cursor is None:
            break
    assert seen == [order.id for order in placed]


def test_money_is_captured_once_and_found(clerk: Clerk, line: Line, checkout: Path) -> None:
    order = clerk.place(AURORA, "authorised at Shopify in the buyer's currency")
    payment = payment_of(line, checkout, order.id)
    asked: dict[str, Any] = {"payment": payment, "amount": payment["authorized"], "currency": payment["currency"]}
    about: dict[str, Any] = {"reference": "cdone", "order": order_facts(order.id)}
    captured = line.do("payment.capture", **asked, **about)
    assert captured.verdict is Verdict.DONE, captured
    assert (captured.result["amount"], captured.result["currency"]) == (asked["amount"], asked["currency"])
    found = line.do("payment.find", effect="payment.capture", **asked, **about).result["hits"]
    assert [(hit["id"], hit["kind"], hit["amount"]) for hit in found] == [
        (captured.result["id"], "capture", asked["amount"])
    ]
    assert len(effects(clerk, "payment.capture")) == 1
    assert line.do("payment.capture", **asked, **about).verdict is Verdict.DUPLICATE
    assert len(effects(clerk, "payment.capture")) == 1


def test_an_authorisation_is_released_once(clerk: Clerk, line: Line, checkout: Path) -> None:
    order = clerk.place(AURORA, "authorised at Shopify")
    asked: dict[str, Any] = {
        "payment": payment_of(line, checkout, order.id),
        "reference": "cdone",
        "order": order_facts(order.id),
    }
    assert line.do("payment.void", **asked).verdict is Verdict.DONE
    hits = line.do("payment.find", effect="payment.void", **asked).result["hits"]
    assert [hit["kind"] for hit in hits] == ["void"]
    assert line.do("payment.void", **asked).verdict is Verdict.REFUSED
    assert len(effects(clerk, "payment.void")) == 1


def test_a_refund_under_one_key_is_made_once_and_found_by_its_note(clerk: Clerk, line: Line, checkout: Path) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    payment = payment_of(line, checkout, order.id)
    unit = order.lines[0]
    asked: dict[str, Any] = {
        "payment": payment,
        "refund": {"id": "r1", "reason": "broken", "lines": [{"id": unit.id, "quantity": 1}]},
        "amount": 500,
        "currency": payment["currency"],
        "reference": "cdone",
        "order": order_facts(order.id),
    }
    body = line.connection.prepare("payment.refund", asked)
    first = line.connection.send("payment.refund", body, "key-one")
    again = line.connection.send("payment.refund", body, "key-one")
    assert first.verdict is Verdict.DONE, first
    assert again.result == first.result
    assert len(effects(clerk, "payment.refund")) == 1
    clerk.merchant.refund(order, 500)
    hits = line.do("payment.find", effect="payment.refund", **asked).result["hits"]
    assert {hit["id"]: hit.get("reference") for hit in hits if hit["kind"] == "refund"} == {
        first.result["id"]: "cdone",
        order.refunds[-1].id: None,
    }
    assert canonical(line, checkout, order.id)["adjustments"][0]["id"] == first.result["id"]


def test_a_refund_key_for_something_else_settles_nothing(clerk: Clerk, line: Line, checkout: Path) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    payment = payment_of(line, checkout, order.id)
    asked: dict[str, Any] = {
        "payment": payment,
        "refund": {"id": "r1", "lines": []},
        "currency": payment["currency"],
        "reference": "cdone",
    }
    asked["order"] = order_facts(order.id)
    assert line.do("payment.refund", "key-one", amount=500, **asked).verdict is Verdict.DONE
    outcome = line.do("payment.refund", "key-one", amount=600, **asked)
    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "key_mismatch")


def test_tracking_is_written_back_parcel_by_parcel(clerk: Clerk, line: Line, carrier: Carrier) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    units = {each.id: each.quantity for each in order.lines if each.ships}
    first_id = next(iter(units))
    rest = {f"l{key}": (value - 1 if key == first_id else value) for key, value in units.items()}
    asked: dict[str, Any] = {
        "source_id": order.id,
        "reference": "cdone",
        "order": order_facts(order.id),
        "notify": False,
    }
    before = len(carrier.asked)
    one = line.do("shipment.announce", parcel=parcel("1Z1", **{f"l{first_id}": 1}), complete=False, **asked)
    assert one.verdict is Verdict.DONE, one
    sent = [decode_json(each.body)["query"] for each in carrier.asked[before:] if b'"query"' in each.body]
    assert [query.lstrip().startswith("mutation") for query in sent] == [False, True]
    found = line.do("shipment.announced", source_id=order.id, parcel=parcel("1Z1")).result["hits"]
    assert [(hit["id"], hit["tracking_number"]) for hit in found] == [(one.result["id"], "1Z1")]
    assert line.do("shipment.announced", source_id=order.id, parcel=parcel("1Z2")).result["hits"] == []
    left = {key: value for key, value in rest.items() if value}
    if left:
        two = line.do("shipment.announce", parcel=parcel("1Z2", **left), complete=True, **asked)
        assert two.verdict is Verdict.DONE, two
    assert all(each.left == 0 for each in order.lines if each.ships)
    again = line.refused("shipment.announce", parcel=parcel("1Z3", **{f"l{first_id}": 1}), complete=True, **asked)
    assert "fulfilled already" in again
    assert not doubles(clerk)


def test_what_somebody_else_fulfilled_is_not_fulfilled_again(clerk: Clerk, line: Line) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    clerk.merchant.fulfil(order, "BY-HAND")
    unit = next(each for each in order.lines if each.ships)
    asked: dict[str, Any] = {"source_id": order.id, "order": order_facts(order.id), "notify": False, "complete": True}
    assert "fulfilled already" in line.refused("shipment.announce", parcel=parcel("1Z1", **{f"l{unit.id}": 1}), **asked)


@pytest.mark.parametrize(
    "garbled", [{}, {"data": None}, {"data": {}}, {"data": []}, {"data": {"order": True}}, {"data": {"order": "x"}}]
)
def test_an_answer_that_is_none_says_nothing_of_the_order(
    clerk: Clerk, line: Line, monkeypatch: pytest.MonkeyPatch, carrier: Carrier, garbled: Any
) -> None:
    """What can be fulfilled is asked again another time; only a plain null says that the order is gone."""
    order = clerk.place(AURORA, "captured at Shopify")
    asked: dict[str, Any] = {"source_id": order.id, "order": order_facts(order.id), "notify": False, "complete": True}
    told: list[Any] = [garbled, {"data": {"order": None}}]
    send = carrier.send

    def garbling(request: Request) -> Response:
        answer = send(request)
        return Response(200, answer.headers, canonical_json(told.pop(0))) if b"Rooms" in request.body else answer

    monkeypatch.setattr(carrier, "send", garbling)
    with pytest.raises(NotPrepared):
        line.connection.prepare("shipment.announce", {**asked, "parcel": parcel("1Z1", l1=1)})
    assert "does not exist" in line.refused("shipment.announce", parcel=parcel("1Z1", l1=1), **asked)


def test_the_account_and_its_webhooks(clerk: Clerk, line: Line) -> None:
    account = line.do("account.describe").result["account"]
    assert account["currency"] == "USD"
    assert "write_orders" in account["scopes"]
    assert all(place["id"].isdigit() for place in account["locations"])
    asked: dict[str, Any] = {
        "topic": "orders/create",
        "address": "https://hub.example/webhooks/aurora",
        "secret": "none",
    }
    made = line.do("webhook.register", **asked)
    assert made.verdict is Verdict.DONE, made
    assert line.do("webhook.register", **asked).verdict is Verdict.DUPLICATE
    hits = line.do("webhook.list").result["hits"]
    assert [(hit["id"], hit["topic"], hit["address"]) for hit in hits if hit["id"] == made.result["id"]] == [
        (made.result["id"], "orders/create", asked["address"])
    ]


def test_tokens_of_both_kinds_open_the_shop(checkout: Path, clerk: Clerk, carrier: Carrier, line: Line) -> None:
    shop: Any = clerk.world.accounts[AURORA]
    assert line.do("account.describe").verdict is Verdict.DONE
    shop.tokens.clear()  # the day is over
    assert line.do("account.describe").verdict is Verdict.DONE
    assert sum(each.url.endswith("/admin/oauth/access_token") for each in carrier.asked) == 2
    old = Line(checkout, carrier, AURORA, {"access_token": shop.token}, {"shop_domain": shop.domain})
    assert old.do("account.describe").verdict is Verdict.DONE
    wrong = Line(checkout, carrier, AURORA, {"access_token": "shpat_0"}, {"shop_domain": shop.domain})
    assert wrong.do("account.describe").verdict is Verdict.AUTH
