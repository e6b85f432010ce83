"""An installation in a folder, with the invented orders in its database and connections that fit them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click.testing

from hub.assembly.begin import begin
from hub.assembly.home import Home
from hub.assembly.hub import open_hub
from hub.cli.main import main
from tests.unit.store.filled import fill

SECRET = ("CROSSDOCK_TEST_SECRET", "a-secret-of-a-test")  # what the connections' references name
_CONFIG = """
hub: {mail: null, payments: {stripe: stripe-main}, shop: {name: Test}}
routing:
  - {method: warehouse, connection: shipbob-de}
connections:
  shop-eu:
    connector: shopify
    env: live
    mode: live
    settings: {shop_domain: shop-eu.myshopify.com}
    secrets: {client_id: "${env:CROSSDOCK_TEST_SECRET}", client_secret: "${env:CROSSDOCK_TEST_SECRET}"}
    owners: {capture: hub, fulfill: hub}
  stripe-main:
    connector: stripe
    env: live
    mode: live
    secrets: {api_key: "${env:CROSSDOCK_TEST_SECRET}"}
  shipbob-de:
    connector: shipbob
    env: live
    mode: live
    settings: {channel_id: "1"}
    secrets: {token: "${env:CROSSDOCK_TEST_SECRET}"}
"""


def installation(folder: Path, *, filled: bool = True) -> Home:
    """Its commands' clock is the wall's: the orders were placed some time before. SECRET must be in the environment."""
    home = begin(folder).home
    home.config.write_text(_CONFIG, encoding="utf-8")
    hub = open_hub(folder, threaded=True)
    try:
        if filled:
            fill(hub.store)
    finally:
        hub.close()
    return home


def run(home: Home, *words: str, typed: str | None = None) -> click.testing.Result:
    runner = click.testing.CliRunner(env=dict([SECRET]))
    return runner.invoke(main, ["--home", str(home.folder), *words], input=typed)


def answer(home: Home, *words: str, code: int = 0) -> Any:
    """The JSON that a command prints; the test fails if it ends with another code."""
    result = run(home, *words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def near(text: str, when: datetime, within: timedelta = timedelta(minutes=5)) -> bool:
    return abs(datetime.fromisoformat(text) - when) <= within


def column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]
