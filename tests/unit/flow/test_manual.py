"""The manual of flows: its example is a flow that does what the page says, and it explains every key."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.flow import commands
from hub.flow.manifest import AWAITS, FUNCTIONS, SCOPE, FlowDeclaration, Rule, StepDeclaration, compile_flow
from hub.language.document import loads
from hub.language.expression import Expression
from hub.model.flow import State
from hub.model.outcome import Outcome
from tests.unit.flow.stage import DONE, REFUSED, Stage, order, ship

DAY = 86400.0


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs/flows.md").read_text(encoding="utf-8")


@pytest.fixture
def shop(stage: Stage, page: str) -> Stage:
    """A shop whose flow is the manual's."""
    (text,) = (block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("flow:"))
    flow = compile_flow(loads(text, "docs/flows.md"))
    stage.setting = replace(stage.setting, flows={**stage.setting.flows, "fulfil-order": flow})
    return stage


def sent(stage: Stage) -> list[str]:
    return [capability for capability, _ in stage.provider.sent]


def dear() -> Any:
    return order(totals=[{"type": "total", "amount": 20000}])


def test_goods_go_first_and_the_money_follows_when_all_has_left(shop: Stage) -> None:
    shop.receive(order())
    shop.run()
    assert sent(shop) == ["fulfillment.create"]
    assert shop.state("address") is State.SKIPPED, "it is not dear enough"
    ship(shop, [{"L1": 2, "L2": 1}])
    shop.settle(7200)
    assert sent(shop)[0] == "fulfillment.create"
    assert {"payment.capture", "shipment.announce", "notification.send"} <= set(sent(shop))
    assert shop.state("capture") is State.DONE and shop.state("shipped-letter") is State.DONE


def test_a_dear_order_goes_to_a_verified_address_only(shop: Stage) -> None:
    wrong = Outcome(DONE, {"verified": False, "problems": ["no such street"]})
    shop.provider.scripts["address.verify"] = [wrong]
    shop.receive(dear())
    shop.settle(3600)
    assert (shop.state("address"), shop.step("address").connection) == (State.REJECTED, "carrier")
    assert sent(shop) == [] and shop.state("warehouse") is State.BLOCKED


def test_what_is_not_shipped_within_its_deadline_asks_for_a_person(shop: Stage) -> None:
    shop.receive(order())
    shop.settle(DAY - 3600)
    assert shop.state("shipped") is State.AWAITING
    shop.settle(2 * 3600)
    assert (shop.state("shipped"), shop.step("shipped").cause) == (State.HELD, "not_shipped_in_time")
    commands.release(shop.setting, "shop:1", shop.step("shipped").id, "ana", "they are moving house", shop.now)
    shop.settle(DAY - 3600)
    assert shop.state("shipped") is State.AWAITING, "as long once more"
    shop.settle(2 * 3600)
    assert shop.state("shipped") is State.HELD


def test_a_refusal_stops_what_comes_after_and_waits_for_a_person(shop: Stage) -> None:
    shop.provider.scripts["fulfillment.create"] = [Outcome(REFUSED, code="sku", message="no such SKU")]
    shop.receive(order())
    shop.settle(3600)
    assert shop.state("warehouse") is State.REJECTED
    assert shop.state("shipped") is State.BLOCKED and sent(shop) == ["fulfillment.create"]


def test_the_pages_rules_route_line_by_line(page: str) -> None:
    (text,) = (block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("routing:"))
    document = loads(text, "docs/flows.md")
    rules = [
        Rule(rule["method"], rule["connection"], when=compiled(rule.get("when"), document, number))
        for number, rule in enumerate(document.data["routing"])
    ]

    def route(sku: str) -> str | None:
        return next(rule.connection for rule in rules if rule.matches({"line": {"item": {"sku": sku}}, "order": {}}))

    assert (route("GIFT-1"), route("TEA")) == ("easypost", "shipbob")


def compiled(text: str | None, document: Any, number: int) -> Expression | None:
    if text is None:
        return None
    place = ("routing", number, "when")
    return Expression.compile(text, document, place, functions=FUNCTIONS, names={"line", "order"})


def test_every_key_and_every_word_is_explained(page: str) -> None:
    keys = {spec.alias or name for name, spec in StepDeclaration.model_fields.items()}
    words = {*keys, *AWAITS, *SCOPE, *FlowDeclaration.model_fields} - {"flow", "title", "steps"}
    assert not {word for word in words if f"`{word}`" not in page}


def test_the_page_names_no_step_key_that_there_is_not(page: str) -> None:
    table = page.partition("## The keys of a step")[2].partition("**One for each.**")[0]
    keys = {spec.alias or name for name, spec in StepDeclaration.model_fields.items()}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)) == keys
