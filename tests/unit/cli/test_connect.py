"""`connect`, and what follows on it, against a world that speaks the providers' dialects."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from hub.assembly.begin import begin
from hub.assembly.connecting import begin as begin_connecting
from hub.assembly.connecting import questions
from hub.assembly.edit import edit
from hub.cli.main import main
from hub.webhook.load import load_folder
from tests.unit.cli.conftest import Run, Sandbox


def config(home: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load((home / "hub.yaml").read_text()))


def connect(run: Run, home: Path, connector: str, name: str, answers: Path, *more: str) -> dict[str, Any]:
    done = run("connect", connector, "--as", name, "--answers", answers, "--home", home, "--json", *more)
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def connected_once(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """A storefront and the warehouse that ships its orders; some orders are there."""
    folder = tmp_path_factory.mktemp("connected")
    home = folder / "home"
    begin(home)
    sandbox.place(12)  # half of them at the storefront that is connected
    answers = sandbox.shipbob(folder)
    answers.write_text(json.dumps(json.loads(answers.read_text()) | {"route": True}))
    for connector, name, told in (("shopify", "shop", sandbox.shopify(folder)), ("shipbob", "shipbob", answers)):
        words = ["--home", str(home), "connect", connector, "--as", name, "--answers", str(told), "--json"]
        assert CliRunner().invoke(main, words).exit_code == 0
    return home


@pytest.fixture
def connected(connected_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(connected_once, tmp_path / "connected"))


def publish(home: Path) -> None:
    text = (home / "hub.yaml").read_text()
    (home / "hub.yaml").write_text(text.replace("public_url: null", "public_url: http://127.0.0.1:9"))


def test_a_storefront_is_connected_from_a_file_of_answers(
    home: Path, tmp_path: Path, run: Run, sandbox: Sandbox
) -> None:
    publish(home)
    before = (home / "hub.yaml").read_text()
    done = connect(run, home, "shopify", "shop", sandbox.shopify(tmp_path))
    made = config(home)["connections"]["shop"]
    assert (made["connector"], made["env"], made["mode"]) == ("shopify", "live", "observe")
    assert done["account"]["currency"] == "USD"
    assert done["act_from"] == str(made["act_from"]).replace("+00:00", "Z").replace(" ", "T")
    assert made["webhook"]["secrets"] == [made["secrets"]["client_secret"]]  # Shopify signs with it
    assert "orders/create" in done["webhooks"]["made"] + done["webhooks"]["there"]
    assert done["webhooks"]["address"] == "http://127.0.0.1:9/webhooks/shop"
    comments = [line for line in before.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in (home / "hub.yaml").read_text().splitlines() if line.lstrip().startswith("#")] == comments
    run("check", "--home", home)


@pytest.mark.parametrize(("connector", "account"), [("stripe", "stripe/main"), ("shipbob", "shipbob/main")])
def test_webhooks_that_cannot_be_registered_are_said_with_address_topics_and_place(
    home: Path, tmp_path: Path, run: Run, sandbox: Sandbox, connector: str, account: str
) -> None:
    key = str(sandbox.accounts["stripe/main"]["key"])
    answers = (
        sandbox.answers(account, tmp_path, {}, {"api_key": key}) if connector == "stripe" else sandbox.shipbob(tmp_path)
    )
    document = json.loads(answers.read_text())
    document.pop("webhook", None)
    answers.write_text(json.dumps(document))
    assert connect(run, home, connector, "at-home", answers)["by_hand"] is None, "nobody outside can reach it"
    publish(home)
    told = connect(run, home, connector, "at-home", answers)["by_hand"]
    address = "http://127.0.0.1:9/webhooks/at-home"
    assert told["address"] == address and not told["has_signing_secret"]
    assert address in told["how"] and all(topic in told["how"] for topic in told["topics"])
    assert "{" not in told["how"].replace('{"url"', "") and not any("_shipped" in topic for topic in told["topics"])
    said = run("connect", connector, "--as", "at-home", "--answers", answers, "--home", home).output
    assert "are to be set up by hand" in said and f"crossdock connect {connector} --as at-home" in said
    assert address in " ".join(said.split())


@pytest.mark.parametrize("name", ["shipbob", "stripe", "easypost"])
def test_every_source_that_connect_cannot_register_says_where_a_person_does(checkout: Path, name: str) -> None:
    source = load_folder(checkout / "webhooks")[name]
    assert "{address}" in (source.manifest.by_hand or "") and "{topics}" in (source.manifest.by_hand or "")


def test_a_second_time_changes_nothing(home: Path, tmp_path: Path, run: Run, sandbox: Sandbox) -> None:
    answers = sandbox.shopify(tmp_path)
    connect(run, home, "shopify", "shop", answers)
    before = (home / "hub.yaml").read_text()
    assert connect(run, home, "shopify", "shop", answers)["changed"] is False
    assert (home / "hub.yaml").read_text() == before


def test_a_warehouse_is_compared_with_what_the_storefronts_sell(
    home: Path, tmp_path: Path, run: Run, sandbox: Sandbox
) -> None:
    sandbox.place(10)
    connect(run, home, "shopify", "shop", sandbox.shopify(tmp_path))
    done = connect(run, home, "shipbob", "shipbob", sandbox.shipbob(tmp_path))
    (compared,) = done["comparisons"]
    assert done["roles"] == ["warehouse"]
    assert compared["stocked_skus"] > 0
    assert all(sku.startswith("SELF-") for sku in compared["unknown_skus"])  # what the merchant packs himself
    assert config(home)["connections"]["shipbob"]["settings"]["shipping_methods"] == compared["services"]
    assert config(home)["routing"] == []  # only where it is asked for


def test_a_rule_a_mailer_and_an_account_find_their_places(
    home: Path, tmp_path: Path, run: Run, sandbox: Sandbox
) -> None:
    answers = sandbox.shipbob(tmp_path)
    answers.write_text(json.dumps(json.loads(answers.read_text()) | {"route": True}))
    connect(run, home, "shipbob", "shipbob", answers)
    key = str(sandbox.accounts["stripe/main"]["key"])
    pay = sandbox.answers("stripe/main", tmp_path, {}, {"api_key": key})
    told = connect(run, home, "stripe", "pay", pay)
    post = tmp_path / "post.yaml"
    post.write_text(
        "settings: {host: mail.shop.example, from_address: a@shop.example, test_recipient: b@shop.example}\n"
    )
    connect(run, home, "smtp", "post", post, "--no-test")
    made = config(home)
    assert made["routing"] == [{"method": "warehouse", "connection": "shipbob"}]
    assert made["hub"]["payments"] == {"stripe": "pay"}
    assert made["hub"]["mail"] == "post"
    assert told["env"] == "live"


def test_refused_credentials_end_it_and_write_nothing(home: Path, tmp_path: Path, run: Run, sandbox: Sandbox) -> None:
    answers = sandbox.answers("stripe/main", tmp_path, {}, {"api_key": "sk_live_wrong"})
    before = (home / "hub.yaml").read_text()
    done = run("connect", "stripe", "--as", "pay", "--answers", answers, "--home", home, code=1)
    assert "its credentials are refused" in done.stderr
    assert "sk_live_wrong" not in done.output
    assert (home / "hub.yaml").read_text() == before


def test_what_is_missing_is_said_at_its_place(home: Path, tmp_path: Path, run: Run) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("env: live\nsettings:\n  shop_domain: not a domain\n  shop: x\n")
    done = run("connect", "shopify", "--as", "shop", "--answers", answers, "--home", home, code=2)
    assert f"{answers}:3:16: 'shop_domain' does not have the form" in done.stderr
    assert f"{answers}:4:9: Shopify has no setting 'shop'" in done.stderr
    assert "no way of authorising has all its secrets" in done.stderr
    answers.write_text("moode: live\n")
    assert (
        "did you mean 'mode'"
        in run("connect", "shopify", "--as", "s", "--answers", answers, "--home", home, code=2).stderr
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shopfy", "--as", "x"), "did you mean 'shopify'"),
        (("shopify", "--as", "My Shop"), "is no name for a connection"),
        (("shopify", "--as", "x", "--set", "nonsense"), "is not KEY=VALUE"),
    ],
)
def test_a_connection_that_cannot_be_begun(words: tuple[str, ...], said: str, home: Path, run: Run) -> None:
    assert said in run("connect", *words, "--yes", "--home", home, code=2).stderr


def test_a_name_is_not_taken_over_by_another_connector(home: Path, tmp_path: Path, run: Run, sandbox: Sandbox) -> None:
    connect(run, home, "shipbob", "main", sandbox.shipbob(tmp_path))
    done = run("connect", "stripe", "--as", "main", "--yes", "--home", home, code=2)
    assert "is a connection to shipbob already" in done.stderr


def test_a_person_is_asked_and_the_secret_is_not_shown(home: Path, run: Run, sandbox: Sandbox) -> None:
    carried = sandbox.accounts["woocommerce/basalt"]
    publish(home)
    flags = ["--base-url", str(carried["base_url"]), "--private-target", sandbox.target, "--no-register"]
    asked = [question.name for question in questions(begin_connecting(home, "woocommerce", "shop"))]
    typed = [
        *("https://basalt.example" if name == "site" else "" for name in asked),
        "ck_wrong", "cs_wrong",  # refused, so that they are asked for again
        "y", str(carried["consumer_key"]), str(carried["consumer_secret"]),
        "live", "storefront", "hub", "y",  # who does what; an app ships today
        "signed-by-hand",  # the webhooks' secret
        "y",
    ]  # fmt: skip
    done = run("connect", "woocommerce", "--as", "shop", *flags, "--home", home, input="\n".join(typed) + "\n")
    made = config(home)["connections"]["shop"]
    assert "WooCommerce, Settings, Advanced, REST API" in done.output  # where to find it
    assert "its credentials are refused" in done.output
    assert "switch that off before you go live" in done.output
    assert set(made["secrets"].values()) == {"${secret:shop/consumer_key}", "${secret:shop/consumer_secret}"}
    assert made["owners"] == {"capture": "storefront", "fulfill": "hub"}
    assert set(made["settings"]) == {"site"}  # the connector's own default need not stand in the file
    for secret in ("ck_wrong", str(carried["consumer_key"]), str(carried["consumer_secret"])):
        assert secret not in done.output
        assert secret not in (home / "hub.yaml").read_text()
    run("doctor", "--home", home)


def test_nobody_agreed_so_nothing_is_written(home: Path, run: Run, sandbox: Sandbox) -> None:
    before = (home / "hub.yaml").read_text()
    flags = ["--set", "account=acct_1", "--base-url", str(sandbox.accounts["stripe/main"]["base_url"])]
    key = str(sandbox.accounts["stripe/main"]["key"])
    words = ["stripe", "--as", "pay", *flags, "--private-target", sandbox.target, "--no-test", "--home", home]
    run("connect", *words, code=1, input=f"{key}\nlive\nn\n")
    assert (home / "hub.yaml").read_text() == before


def test_the_plan_says_what_would_be_called_and_calls_nothing(connected: Path, run: Run, sandbox: Sandbox) -> None:
    home, before = connected, ledgers(sandbox)
    done = run("plan", "--last", "5", "--home", home, "--json", code=None)
    answer = json.loads(done.stdout)
    assert len(answer["orders"]) == 5
    assert [order["placed_at"] for order in answer["orders"]] == sorted(
        (order["placed_at"] for order in answer["orders"]), reverse=True
    )
    calls = {(call["capability"], call["connection"]) for call in answer["summary"]["calls"]}
    assert ("fulfillment.create", "shipbob") in calls
    assert ledgers(sandbox) == before
    assert "Nothing was sent." in run("plan", "--last", "2", "--home", home, code=None).stdout
    assert "did you mean 'shop'" in run("plan", "shp", "--home", home, code=2).stderr


def ledgers(sandbox: Sandbox) -> dict[str, bytes]:
    """Every provider's own book of effects."""
    return {path.name: path.read_bytes() for path in (sandbox.running.world.directory / "ledger").glob("*.jsonl")}


def test_going_live_is_checked_first(connected: Path, run: Run) -> None:
    path = connected / "hub.yaml"
    edit(path, lambda page: page.put(("connections", "shipbob", "env"), "test"))
    edit(path, lambda page: page.put(("connections", "shipbob", "settings", "environment"), "sandbox"))
    done = run("go-live", "shop", "--offline", "--yes", "--home", connected, code=1)
    assert "it is live and shipbob, which ships its orders, is test" in done.stdout
    assert "Nothing was changed." in done.stdout
    edit(path, lambda page: page.put(("routing",), []))
    edit(path, lambda page: page.put(("hub", "mode"), "observe"))
    answer = json.loads(run("go-live", "shop", "--offline", "--home", connected, "--json", code=1).stdout)
    wrong = [finding["says"] for finding in answer["findings"] if finding["state"] == "fail"]
    assert wrong == [
        "the installation's own mode is observe, which no connection exceeds",
        "the hub is to ship its orders, and no routing rule says how",
    ]
    assert config(connected)["connections"]["shop"]["mode"] == "observe"


def test_going_live_switches_the_mode_and_back(connected: Path, run: Run) -> None:
    home = connected
    answer = json.loads(run("go-live", "--home", home, "--json").stdout)
    assert (answer["connections"], answer["changed"], answer["in_force"]) == (["shop", "shipbob"], True, True)
    assert {part["mode"] for part in config(home)["connections"].values()} == {"live"}
    assert "already" in run("go-live", "--home", home).stdout
    run("go-live", "shop", "--mode", "approve", "--yes", "--offline", "--home", home)
    assert config(home)["connections"]["shop"]["mode"] == "approve"
    run("go-live", "shop", "--mode", "observe", "--yes", "--home", home)
    assert config(home)["connections"]["shop"]["mode"] == "observe"
    assert "did you mean 'shop'" in run("go-live", "shp", "--home", home, code=2).stderr


def test_a_person_who_says_no_changes_nothing(connected: Path, run: Run) -> None:
    run("go-live", "shipbob", "--offline", "--home", connected, input="n\n", code=1)
    assert config(connected)["connections"]["shipbob"]["mode"] == "observe"


def test_a_scope_that_was_not_granted_is_named_with_what_needs_it(connected_once: Path, sandbox: Sandbox) -> None:
    """Reading is part of writing: only the missing right to write is a fault."""
    shop = sandbox.running.world.shop
    granted = shop.scopes
    shop.scopes = granted - {"read_orders", "write_merchant_managed_fulfillment_orders"}
    try:
        done = CliRunner().invoke(main, ["--home", str(connected_once), "doctor", "--json"])
    finally:
        shop.scopes = granted
    faults = [f for f in json.loads(done.stdout)["findings"] if f["state"] == "fail" and "scope" in f["says"]]
    assert [fault["subject"] for fault in faults] == ["shop"]
    assert "write_merchant_managed_fulfillment_orders, which shipment.announce" in faults[0]["says"]
    assert done.exit_code == 1
