"""What hub.yaml may say, and what must hold between its parts: every fault at its place, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.assembly.install import read_install, survey
from hub.assembly.judge import given_settings
from hub.language.problem import Problems

SHIP = 'ship: {connector: easypost, secrets: {api_key: "${env:K}"}}'
PAY = 'pay: {connector: stripe, secrets: {api_key: "${env:K}"}}'


def pay(more: str, besides: str = "") -> str:
    """A connection to Stripe with more in it, and more besides it."""
    return f"connections:\n  {PAY[:-1]}, {more}}}\n{besides}"


def shop(more: str) -> str:
    secrets = "secrets: {access_token: '${env:A}'}"
    return f"connections:\n  shop: {{connector: shopify, {secrets}, {more}}}\n"


def faults(folder: Path, text: str) -> list[tuple[str, str]]:
    """(what stands at the place that is named, what is wrong with it)."""
    (folder / "hub.yaml").write_text(text)
    _, problems = survey(folder)
    lines = text.splitlines()
    return [(lines[problem.line - 1][problem.column - 1 :], problem.what) for problem in sorted(problems)]


NO_LETTERS = "the hub is to write the shipped message, and no connection sends mail"
FAULTS = [
    ("hub: {bind: somewhere}", "somewhere", "'somewhere' is no address to listen on"),
    ("hub: {bind: '127.0.0.1:99999'}", "'127", "'127.0.0.1:99999' is no address to listen on"),
    ("hub: {bind: '[::]:80'}", "'[::]", "listening on :: would offer the hub to others without TLS"),
    ("hub: {public_url: 'http://shop.example'}", "'http", "this is no address that providers can deliver to"),
    ("hub: {public_url: 'https://u:p@x.example'}", "'https", "this is no address that providers can deliver to"),
    ("hub: {mail: post}", "post", "there is no connection post"),
    ("connections: {x: {}}", "x:", "the connection has neither a connector nor a webhook"),
    ("connections: {X: {connector: stripe}}", "{conn", "'X' does not have the form that is wanted"),
    (pay("env: test", "hub: {mail: pay}"), "pay}", "its connector does not offer notification.send"),
    (pay("env: test", "routing: [{method: self, connection: pay}]"), "pay}", "does not offer label.buy"),
    ("routing: [{method: warehouse}]", "{method", "the method warehouse needs a connection that ships"),
    (pay("modes: {payment.captur: observe}"), "payment.captur", "'payment.captur' is not a capability"),
    (pay("base_url: 'http://10.0.0.7:81'"), "'http", "10.0.0.7:81 would be called without TLS"),
    (pay("private_targets: ['10.0.0.7/8']"), "'10", "'10.0.0.7/8' names no target"),
    (pay("webhook: {source: strip, secrets: ['${env:W}']}"), "strip", "there is no webhook strip"),
    (pay("webhook: {secrets: []}"), "[]", "a list is outside what is allowed"),
    (pay("owners: {mail: {shipped: hub}}"), "hub}", NO_LETTERS),
    (pay("settings: {acount: x}"), "acount", "Stripe has no setting 'acount'"),
    (pay("timing: {total_seconds: -1}"), "-1", "-1 is outside what is allowed"),
    (pay("act_from: 2026-01-31T09:00:00"), "2026", "a time must say its offset"),
    (shop("env: live"), "{conn", "the setting 'shop_domain' is missing (The shop's own domain)"),
    (shop("settings: {shop_domain: a.myshopify.com}, pull_mapping: none"), "none", "there is no mapping none"),
]


@pytest.mark.parametrize(("text", "there", "said"), FAULTS)
def test_what_does_not_hold_is_said_at_its_place(text: str, there: str, said: str, tmp_path: Path) -> None:
    ((found, what),) = faults(tmp_path, text)
    assert found.startswith(there)
    assert said in what


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "routing: [{method: pickup}, {method: none}]",
        "hub: {bind: '0.0.0.0:80', behind_proxy: true, public_url: 'http://127.0.0.1:8480'}",
        pay("env: test", "hub: {payments: {stripe: pay}}"),
        pay("base_url: 'http://10.0.0.7:81', private_targets: ['10.0.0.7:81']"),
        pay("base_url: 'http://10.0.0.7:81', private_targets: [10.0.0.7]"),
        shop("settings: {shop_domain: a.myshopify.com, payment_methods: {Voucher: terms}}"),
    ],
)
def test_what_holds(text: str, tmp_path: Path) -> None:
    assert faults(tmp_path, text) == []


def test_two_things_wrong_are_two_problems(tmp_path: Path) -> None:
    found = faults(tmp_path, shop("webhook: {secrets: ['${env:W}']}"))
    assert sorted(what for _, what in found) == [
        "shopify binds its deliveries to the setting shop_domain, which is missing",
        "the setting 'shop_domain' is missing (The shop's own domain)",
    ]


def test_problems_of_several_files_are_told_together(tmp_path: Path) -> None:
    own = tmp_path / "connectors" / "stripe"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text("name: stripe\n")
    (tmp_path / "flows").mkdir()
    flow = "flow: another\ntitle: x\ntrigger: placed\nsteps: [{name: a, await: payment}]\n"
    (tmp_path / "flows" / "fulfil-order.yaml").write_text(flow)
    (tmp_path / "hub.yaml").write_text(f"hub: {{mail: nobody}}\nconnections:\n  {PAY}\n")
    with pytest.raises(Problems) as found:
        read_install(tmp_path)
    files = {Path(problem.file).name for problem in found.value.problems}
    assert files == {"hub.yaml", "connector.yaml", "fulfil-order.yaml"}


def test_a_flow_may_name_only_a_connection_that_there_is_and_that_can(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "flows").mkdir()
    shipped = (checkout / "config" / "flows" / "refund-order.yaml").read_text()
    step = "    capability: payment.refund\n"
    assert step in shipped
    for name, said in (("nobody", "there is no connection nobody"), ("ship", "does not offer payment.refund")):
        (tmp_path / "flows" / "refund-order.yaml").write_text(shipped.replace(step, f"{step}    connection: {name}\n"))
        (tmp_path / "hub.yaml").write_text(f"connections:\n  {SHIP}\n")
        with pytest.raises(Problems) as found:
            read_install(tmp_path)
        (problem,) = found.value.problems
        assert (Path(problem.file).name, said in problem.what) == ("refund-order.yaml", True)
        assert problem.line > 1


def test_what_is_shipped_is_a_working_installation_without_connections(checkout: Path) -> None:
    install = read_install(checkout / "config")
    assert install.config.bind() == ("127.0.0.1", 8480)
    assert install.config.hub.mode == "live"
    assert set(install.catalogue.flows) >= {"fulfil-order", "cancel-order", "refund-order"}


def test_settings_come_with_the_manifests_defaults(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text(f"connections:\n  {PAY}\n")
    install = read_install(tmp_path)
    connector = install.catalogue.connector_of(install.config.connections["pay"])
    assert given_settings(connector, {"account": None, "x": 1}) == {"x": 1}
    assert given_settings(None, {"x": 1}) == {"x": 1}
