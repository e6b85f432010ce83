"""The demo's installation: the manifests are the ones of production, only its connections know that the world is small.

Deadlines, lags and polls are in seconds because the sandbox's days are; the sandbox is reached by base URL alone.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from hub.assembly.home import Home
from hub.vault.keys import InstallKey
from hub.vault.store import Vault

# connection -> the sandbox's account
ACCOUNTS = {
    "aurora": "shopify/aurora",
    "basalt": "woocommerce/basalt",
    "stripe": "stripe/main",
    "shipbob": "shipbob/main",
    "easypost": "easypost/main",
}
_LEAD = timedelta(minutes=1)

_TIMING: dict[str, Any] = {
    "connect_seconds": 1.0,
    "total_seconds": 1.2,  # the sandbox holds a socket for two
    "settles_within_seconds": 1.2,  # what a held call still does is done by then
    "index_lag_seconds": 0.4,
    "key_life_seconds": 20.0,
    "backoff_seconds": 0.3,
    "backoff_cap_seconds": 3.0,
    "max_tries": 40,
    "calls_per_second": 200.0,  # the sandbox is not throttled as the providers are
    "breaker_failures": 60,
    "breaker_opens_for_seconds": 2.0,
}
_OWNERS = {"capture": "hub", "fulfill": "hub", "mail": {"confirmation": "hub", "shipped": "hub"}}
_DIGITAL = ["DIG-PATTERN-PDF", "DIG-COURSE-12"]  # an order of WooCommerce does not say it
_ORIGIN = {
    "company": "Crossdock Demo",
    "street_address": "417 Montgomery Street",
    "address_locality": "San Francisco",
    "address_region": "CA",
    "postal_code": "94104",
    "address_country": "US",
    "phone_number": "+14155550100",
}


def write(
    home: Home,
    accounts: Mapping[str, Mapping[str, Any]],
    bind: str,
    names: Mapping[str, str] = ACCOUNTS,
    storefront: Mapping[str, Any] | None = None,
) -> None:
    """Writes `hub.yaml` and the secrets of an installation that lives on the sandbox's accounts.

    `names`: connection -> account. `storefront` overrides what each storefront's connection says.
    """
    home.data.mkdir(parents=True, exist_ok=True)
    home.vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault = Vault(home.secrets_file, InstallKey.load_or_create(home.key_file))
    text = io.StringIO()
    document = _document(accounts, vault, bind, names)
    for name, account in names.items():
        if account.partition("/")[0] in ("shopify", "woocommerce"):
            document["connections"][name] |= storefront or {}
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda *_: True  # our files know no aliases: what is shared is written out
    yaml.dump(document, text)
    home.config.write_text(text.getvalue(), encoding="utf-8")


def _document(
    accounts: Mapping[str, Mapping[str, Any]], vault: Vault, bind: str, names: Mapping[str, str]
) -> dict[str, Any]:
    connections = {
        name: _connection(name, account.partition("/")[0], accounts[account], vault) for name, account in names.items()
    }
    connections["mail"] = _mail(accounts["mailbox"])
    return {
        "hub": {
            "bind": bind,
            "workers": 12,
            "public_url": f"http://{bind}",
            "mail": "mail",
            "payments": {"stripe": "stripe"},
            "shop": {"name": "Crossdock Demo", "email": "orders@demo.example"},
        },
        "routing": [
            {"when": "= starts_with(line.item.sku, 'SELF-')", "method": "self", "connection": "easypost"},
            {"method": "warehouse", "connection": "shipbob"},
        ],
        "connections": connections,
    }


def _connection(name: str, connector: str, account: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    settings, secrets, more = _KINDS[connector](account)
    return {
        "connector": connector,
        "env": "live",
        "mode": "live",
        "base_url": account["base_url"],
        "private_targets": [urlsplit(account["base_url"]).netloc],
        "settings": settings,
        "secrets": {key: vault.put(f"{name}.{key}", value) for key, value in secrets.items()},
        "webhook": {"secrets": [vault.put(f"{name}.webhook", account["webhook_secret"])]},
        "timing": _TIMING,
        **more,
    }


_Kind = tuple[dict[str, Any], dict[str, str], dict[str, Any]]  # settings, secrets, and what else the connection says


def _storefront() -> dict[str, Any]:
    return {
        "act_from": (datetime.now(UTC) - _LEAD).isoformat(timespec="seconds"),
        "owners": _OWNERS,
        "sweep": {"every_seconds": 4.0, "overlap_seconds": 12.0},
        "fresh_for_seconds": 15.0,
    }


def _shopify(account: Mapping[str, Any]) -> _Kind:
    secrets = {"client_id": account["client_id"], "client_secret": account["client_secret"]}
    return {"shop_domain": account["shop"]}, secrets, _storefront()


def _woocommerce(account: Mapping[str, Any]) -> _Kind:
    secrets = {"consumer_key": account["consumer_key"], "consumer_secret": account["consumer_secret"]}
    return {"site": account["site"], "digital_skus": _DIGITAL}, secrets, _storefront()


def _stripe(account: Mapping[str, Any]) -> _Kind:
    return {}, {"api_key": account["key"]}, {}


def _shipbob(account: Mapping[str, Any]) -> _Kind:
    settings = {"channel_id": str(account["channel"]), "cod_tag": "cod"}
    return settings, {"token": account["token"]}, {"poll_seconds": 1.5, "collects_cash": True}


def _easypost(account: Mapping[str, Any]) -> _Kind:
    parcel = {"weight_grams": 500, "length_mm": 300, "width_mm": 200, "height_mm": 100}
    return (
        {"customs_signer": "Ada Demo", "customs_weight_grams": 400},
        {"api_key": account["key"]},
        {"origin": _ORIGIN, "parcel": parcel, "poll_seconds": 3.0},
    )


_KINDS = {
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "stripe": _stripe,
    "shipbob": _shipbob,
    "easypost": _easypost,
}


def _mail(account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "connector": "smtp",
        "env": "live",
        "mode": "live",
        "settings": {
            "host": account["host"],
            "port": account["port"],
            "security": "none",
            "from_address": "orders@demo.example",
        },
        "private_targets": [f"{account['host']}:{account['port']}"],
        "timing": _TIMING,
    }
