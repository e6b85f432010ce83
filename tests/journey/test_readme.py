"""The README does as it says: its three paths are typed as they are written, against a sandbox."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest

from hub.assembly.demo import answers, free_port
from hub.assembly.home import Home
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from hub.vault.store import Vault
from hub.webhook.manifest import Kind, WebhookManifest
from hub.webhook.secret import FORMS
from hub.webhook.signature import Scheme
from hub.webhook.verdict import Reason
from tests.conftest import CHECKOUT
from tests.journey.reader import Reader, commands
from tests.journey.town import Town

README = CHECKOUT / "README.md"
CAPTURED = "captured at Shopify"
PATIENCE_SECONDS = 40.0


def until(what: str, true: Any) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"it did not come to pass that {what}"
        time.sleep(0.1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningWorld]:
    """A world of providers on loopback, with nobody listening yet."""
    (tmp_path / "world").mkdir()
    world = World.standard(3, tmp_path / "world", time.time, Settings.hasty())
    with RunningWorld(world) as found:
        yield found


# --- the merchant


def merchant(running: RunningWorld, folder: Path) -> Reader:
    """Who has the accounts' credentials at hand, and says that the accounts are in the sandbox."""
    carried = running.connections()
    shop, warehouse = carried["shopify/aurora"], carried["shipbob/main"]
    where = {
        f"crossdock connect {account.partition('/')[0]}": (
            "--base-url", carried[account]["base_url"], "--private-target", urlsplit(running.url).netloc,
        )
        for account in ("shopify/aurora", "shipbob/main")
    }  # fmt: skip
    typed = {
        "own domain": shop["shop"],
        "Client id": shop["client_id"],
        "Client secret": shop["client_secret"],
        "Channel id": str(warehouse["channel"]),
        "Personal access token": warehouse["token"],
        "Signing secret": warehouse["webhook_secret"],
        "live, or a test": "live",
        "Does an app": "n",
        "[y/N]": "y",
    }
    return Reader(folder, answers=typed, more=where)


def in_public(home: Home) -> None:
    """A free port, and the address under which the sandbox reaches it."""
    text, port = home.config.read_text(encoding="utf-8"), free_port()
    text = text.replace("bind: 127.0.0.1:8480", f"bind: 127.0.0.1:{port}")
    home.config.write_text(text.replace("public_url: null", f"public_url: http://127.0.0.1:{port}"), encoding="utf-8")


@pytest.mark.slow
def test_the_merchants_path_ends_with_an_order_at_the_warehouse_once(running: RunningWorld, tmp_path: Path) -> None:
    reader, home = merchant(running, tmp_path), Home(tmp_path / "my-hub")
    shop, scenario = running.world.shop, running.scenario
    story = scenario.named(shop, CAPTURED)
    said = {}
    try:
        for command in commands(README, "If you are a merchant"):
            if command.startswith("crossdock plan"):
                observed = scenario.place(shop, story, time.time())
            if command == "crossdock go-live":
                until("the hub serves", lambda: "serving" in (home.folder / "served.txt").read_text("utf-8"))
            said[command] = reader.type(command)
            if command == "crossdock init my-hub":
                in_public(home)
            if command.startswith("crossdock connect shipbob"):  # there a person sets the webhook up
                running.world.subscribe("shipbob/main", _door(home, "shipbob"))
        assert {*said} >= {"crossdock doctor", "crossdock plan --last 50", "crossdock serve", "crossdock go-live"}
        assert "Nothing was sent." in said["crossdock plan --last 50"].text
        placed = scenario.place(shop, story, time.time())
        until("the order is done", lambda: _states(home).get(placed.id) == "completed")
        assert _states(home).get(observed.id) != "completed", "what came while it observed waits for a person"
    finally:
        ended = reader.stop()
    assert ended == [0]
    assert _effects(running, "shipbob-main", "fulfillment.create") == [placed.id]
    assert _effects(running, "shopify-aurora", "shipment.announce") == [placed.id]


def _door(home: Home, connection: str) -> str:
    """Where a connection's webhooks are delivered."""
    (url,) = re.findall(r"public_url: (http\S+)", home.config.read_text(encoding="utf-8"))
    return f"{url}/webhooks/{connection}"


def _states(home: Home) -> dict[str, str]:
    return {answer["source_order_id"]: answer["state"] for answer in answers(home)}


def _effects(running: RunningWorld, account: str, effect: str) -> list[str]:
    """The orders that the provider's own ledger has this effect of, one entry for each time."""
    ledger = running.world.directory / "ledger" / f"{account}.jsonl"
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    return [line["order"] for line in lines if line["kind"] == "effect" and line["effect"] == effect]


# --- the integrator


def test_the_integrators_path(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.type("crossdock init my-hub")
    reader.type("cd my-hub")
    said = {command: reader.type(command).text for command in commands(README, "If you are an integrator")}
    judged = next(text for command, text in said.items() if command.startswith("crossdock try webhook"))
    assert "verified" in judged
    order = json.loads(next(text for command, text in said.items() if command.startswith("crossdock try mapping")))
    assert (order["label"], order["totals"][0]["amount"]) == ("A-77", 900)
    checked = next(text for command, text in said.items() if command.startswith("crossdock check"))
    assert "nothing is wrong" in checked


# --- the operator


def in_need(town: Town) -> None:
    """Three orders that stand still: a method of payment that nobody knows, a warehouse that was away for too long, and
    a warehouse order that may be ours or not."""
    shop, scenario = town.world.shop, town.scenario
    town.world.desk.faults.script("POST shipbob/main/.*#1002", "429", times=3)
    town.world.desk.faults.script("POST shipbob/main/.*#1003", "timeout_after")
    scenario.place(shop, scenario.named(shop, "unknown payment method"), time.time())
    for _ in range(2):
        scenario.place(shop, scenario.named(shop, CAPTURED), time.time())
    warehouse: Any = town.world.accounts["shipbob/main"]

    def arrived() -> bool:
        for order in list(warehouse.orders.values()):
            if order.asked["order_number"] == "#1003":
                order.asked["recipient"]["address"]["zip_code"] = "00000"  # somebody there wrote into it
                return True
        return False

    town.until("the warehouse has the doubted one", arrived)


def impatient(document: dict[str, Any], vault: Vault) -> None:
    """Three tries and no more at the warehouse: a test has no time for forty."""
    warehouse = document["connections"]["shipbob"]
    warehouse["timing"] = {**warehouse["timing"], "max_tries": 3}


def labels(town: Town) -> dict[str, str]:
    """What the store calls an order -> the hub's word for it."""
    names = {f"shop:{order.id}": order.name for order in town.world.shop.orders.values()}
    return {names[key]: state for key, state in town.states().items() if key in names}


@pytest.mark.slow
def test_the_operators_path_leaves_nothing_that_needs_a_person(tmp_path: Path) -> None:
    names = {"shop": "shopify/aurora", "stripe": "stripe/main", "shipbob": "shipbob/main", "easypost": "easypost/main"}
    with Town(tmp_path / "town", names=names, configure=impatient) as town:
        in_need(town)
        stuck = {"#1001": "held", "#1002": "dead", "#1003": "parked"}
        town.until("all three stand still", lambda: labels(town) == stuck)
        reader = Reader(town.home.folder, answers={"[y/N]": "y"}, codes={"crossdock attention": frozenset({1})})
        for command in commands(README, "If you are an operator"):
            reader.type(command)
        town.until("all are done", lambda: set(labels(town).values()) == {"completed"})
        assert reader.type("crossdock orders list --state held").code == 0
        assert not town.evidence().doubles


# --- what else the pages promise


def test_every_picture_is_there_and_fetches_nothing() -> None:
    text = README.read_text(encoding="utf-8")
    named = re.findall(r'(?:src|srcset)="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', text)
    pictures = [CHECKOUT / (one or other) for one, other in named]
    assert len(pictures) >= 6
    assert not [picture for picture in pictures if not picture.is_file()]
    drawn = [picture.read_text(encoding="utf-8") for picture in pictures if picture.suffix == ".svg"]
    assert not [drawing for drawing in drawn if re.search(r"(?:href|src)=|url\((?!#)|@import", drawing)]


def test_the_index_of_the_documentation_names_every_page() -> None:
    docs = CHECKOUT / "docs"
    text = (docs / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in docs.glob("*.md") if page.name != "README.md" and f"({page.name})" not in text]


def test_the_page_of_webhooks_names_every_key_scheme_form_kind_and_reason() -> None:
    page = (CHECKOUT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    words = [*WebhookManifest.model_fields, *get_args(Scheme), *FORMS, *get_args(Kind)]
    words += [reason for reason in Reason if reason not in (Reason.VERIFIED, Reason.PING)]
    assert not [word for word in words if f"`{word}`" not in page]
