"""A whole hub: opened once, by one process, on the database of its own install key; and what a reload changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from hub.assembly.begin import begin
from hub.assembly.database import CONFIG_FACT, read_fact
from hub.assembly.edit import edit
from hub.assembly.hub import Hub, open_hub
from hub.assembly.install import open_vault
from hub.language.problem import Problems
from hub.model.message import Delivery, Kept
from hub.store.open import Occupied
from hub.vault.files import create_private
from hub.vault.keys import InstallKey, KeyFault

SHOP: dict[str, Any] = {
    "connector": "shopify",
    "env": "live",
    "settings": {"shop_domain": "kestrel.myshopify.com"},
    "secrets": {"access_token": "${secret:shop/token}"},
    "webhook": {"secrets": ["${secret:shop/webhook}"]},
}
DELIVERY = Delivery("shop", "orders/create", "d1", "order", "shopify-order", (), b"{}", "digest")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = begin(tmp_path / "home").home
    vault = open_vault(home)
    vault.put("shop/token", "t")
    vault.put("shop/webhook", "hazel")
    edit(home.config, lambda page: page.put(("connections", "shop"), SHOP))
    return home.folder


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    opened = open_hub(folder)
    yield opened
    opened.close()


def test_it_is_joined_from_what_the_files_say(hub: Hub) -> None:
    connection = hub.setting.connections["shop"]
    assert (connection.connector, connection.live, connection.mode) == ("shopify", True, "observe")
    assert connection.pull_mapping == "shopify-order-graphql"
    assert connection.settings["restock"] == "no_restock"  # the manifest's default
    assert hub.setting.connectors.supports("shop", "order.list")
    assert set(hub.setting.flows) >= {"fulfil-order", "cancel-order", "refund-order"}
    assert set(hub.built.storefronts) == {"shop"}
    assert hub.setting.mode_of("shop", "payment.capture") == "observe"


def test_one_hub_owns_the_store_and_commands_may_stand_beside_it(hub: Hub, folder: Path) -> None:
    with pytest.raises(Occupied):
        open_hub(folder)
    beside = open_hub(folder, threaded=False)
    beside.store.set_standing("shop", beside.clock(), paused=True, why="x")
    with pytest.raises(RuntimeError):
        beside.start()
    beside.close()
    assert hub.store.standing("shop").paused
    hub.close()
    hub.close()
    open_hub(folder).close()


def test_a_hub_that_could_not_be_opened_leaves_the_store_free(folder: Path) -> None:
    open_hub(folder).close()
    key = folder / "vault" / "install.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyFault, match="restore it from your backup"):
        open_hub(folder)
    InstallKey.load_or_create(key)
    with pytest.raises(Problems, match="sealed by a key"):
        open_hub(folder)
    key.unlink()
    create_private(key, kept)
    open_hub(folder).close()


def test_another_install_key_is_refused_even_without_secrets(tmp_path: Path) -> None:
    home = begin(tmp_path / "home").home
    open_hub(home.folder).close()
    home.key_file.unlink()
    InstallKey.load_or_create(home.key_file)
    for _ in range(2):  # and the store is free again each time
        with pytest.raises(KeyFault, match="another install key"):
            open_hub(home.folder)


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_secret_is_refused(folder: Path, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_TEST_KEY", value)
    path = folder / "hub.yaml"
    edit(path, lambda page: page.put(("connections", "shop", "webhook", "secrets"), ["${env:CROSSDOCK_TEST_KEY}"]))
    if value:
        return  # blanks are somebody's choice; nothing at all is nobody's
    with pytest.raises(Problems, match="is empty"):
        open_hub(folder)


def test_a_connection_acts_from_its_first_start_unless_the_file_says_otherwise(folder: Path) -> None:
    hub = open_hub(folder)
    first = hub.store.standing("shop").act_from
    hub.close()
    assert first is not None
    assert datetime.now(UTC) - first < timedelta(minutes=1)
    open_hub(folder).close()
    told = "2026-01-31T09:00:00Z"
    edit(folder / "hub.yaml", lambda page: page.put(("connections", "shop", "act_from"), told))
    hub = open_hub(folder)
    assert hub.store.standing("shop").act_from == datetime(2026, 1, 31, 9, tzinfo=UTC)
    hub.close()


def test_every_declaration_in_use_is_kept_by_its_hash(hub: Hub) -> None:
    flow = hub.store.declaration(hub.setting.flows["fulfil-order"].hash)
    connector = hub.store.declaration(hub.setting.connectors.declaration("shop"))
    source = hub.store.declaration(hub.catalogue.sources["shopify"].hash)
    mapping = hub.store.declaration(hub.catalogue.mappings["shopify-order"].hash)
    assert None not in (flow, connector, source, mapping)
    assert json.loads(flow or "")["flow"] == "fulfil-order"
    parts = json.loads(connector or "")
    kept = [hub.store.declaration(part) for part in parts[:2]] if isinstance(parts, list) else [connector]
    assert None not in kept


def post(hub: Hub, door: Any, name: str, body: bytes, **headers: str) -> str:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/webhooks/{name}",
        "CONTENT_LENGTH": str(len(body)),
    }
    environ |= {f"HTTP_{key.upper()}": value for key, value in headers.items()}
    environ["wsgi.input"] = BytesIO(body)
    setup_testing_defaults(environ)
    told: list[str] = []
    b"".join(door(environ, lambda status, headers, exc=None: told.append(status)))
    return told[0][:3]


def test_its_front_door_knows_the_connections(hub: Hub) -> None:
    door = hub.front_door(lambda environ, start: [b""])
    assert post(hub, door, "shop", b"{}") == "401"
    assert post(hub, door, "nobody", b"{}") == "404"
    assert hub.received() == {("shop", "header_missing"): 1, ("", "unknown_connection"): 1}


def test_what_is_wrong_with_a_hub_is_said_in_words(hub: Hub) -> None:
    assert hub.faults() == ["the workers are not running"]
    hub.start()
    assert hub.faults() == []
    assert hub.desk.faults() == []
    hub.close()
    assert hub.faults() == ["the hub is stopping"]


def test_a_reload_takes_up_what_changed_and_keeps_what_did_not(hub: Hub, folder: Path) -> None:
    hub.start()
    before, connection = hub.setting, hub.connections.get("shop")
    told: list[str] = []
    hub.after_reload.append(lambda: told.append("reloaded"))
    edit(folder / "hub.yaml", lambda page: page.put(("connections", "shop", "mode"), "approve"))
    assert hub.reload()
    assert told == ["reloaded"]
    assert (before.mode_of("shop", ""), hub.setting.mode_of("shop", "")) == ("observe", "approve")
    assert hub.connections.get("shop") is connection  # its budget and its breaker go on
    assert hub.setting.flows is before.flows
    assert read_fact(hub.store, CONFIG_FACT) == hub.install.document.hash
    assert hub.faults() == []


def test_a_reload_of_what_cannot_be_read_changes_nothing(hub: Hub, folder: Path) -> None:
    before = hub.setting
    (folder / "hub.yaml").write_text("hub: {mode: fast}\n")
    assert not hub.reload()
    assert hub.setting is before
    hub.close()
    assert not hub.reload()


def test_leases_of_an_earlier_boot_end_at_once(folder: Path) -> None:
    hub = open_hub(folder)
    assert hub.store.keep(DELIVERY, hub.clock()) is Kept.NEW
    (message,) = hub.store.claim_messages(5, hub.clock())
    assert not hub.store.claim_messages(5, hub.clock())
    hub.close()  # as if killed: nothing was settled
    hub = open_hub(folder)
    assert [again.id for again in hub.store.claim_messages(5, hub.clock())] == [message.id]
    hub.close()
