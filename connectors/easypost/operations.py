"""EasyPost by its SDK. Each `prepare` gives the SDK's arguments; each `send` makes one call with them.

The SDK is given our session (guarded, within the deadline, without retries), and its answer is judged by the manifest's
table from the status, headers and body that the SDK's response hook hands out: its exceptions drop the headers, report
an HTML 502 without a status, and turn money into floats.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import Any

from easypost.easypost_client import EasyPostClient
from easypost.errors.general.easypost_error import EasyPostError

from hub.model.money import major
from hub.model.outcome import Outcome
from hub.wire.hatch import HatchContext

Given = Mapping[str, Any]
Plain = dict[str, Any]

_GRAMS_PER_OUNCE = Decimal("28.349523125")
_MM_PER_INCH = Decimal("25.4")
_CLIENTS = 8  # a thread keeps one client for each of so many accounts


class Unusable(ValueError):
    """The input cannot be made into a request; the text says why."""


# --- what is asked for ---


def prepare_address_verify(given: Given, settings: Given) -> Plain:
    return {"address": _address(given["destination"], None)}


def prepare_rate_list(given: Given, settings: Given) -> Plain:
    shipment = {
        "to_address": _address(given["destination"], None),
        "from_address": _address(_origin(given), None),
        "parcel": _parcel(given["parcel"]),
    }
    return {"shipment": shipment | _accounts(settings)}


def prepare_shipment_create(given: Given, settings: Given) -> Plain:
    group, origin = given["group"], _origin(given)
    shipment: Plain = {
        "reference": given["reference"],
        "to_address": _address(group["destination"], given["buyer"]),
        "from_address": _address(origin, None),
        "parcel": _parcel(given["parcel"]),
        "options": _options(given, settings),
    }
    if group["destination"].get("address_country") != origin.get("address_country"):
        shipment["customs_info"] = _customs(group, origin, settings)
    return {"shipment": shipment | _accounts(settings)}


def prepare_label_buy(given: Given, settings: Given) -> Plain:
    return {"id": given["shipment_id"], "rate": {"id": given["rate_id"]}}


def prepare_shipment_find(given: Given, settings: Given) -> Plain:
    """EasyPost takes our reference in place of its id."""
    return {"id": given.get("id") or given["reference"]}


def prepare_label_refund(given: Given, settings: Given) -> Plain:
    return {"id": given["shipment_id"]}


def prepare_tracking_get(given: Given, settings: Given) -> Plain:
    """Asks for the trackers that exist already: making one is charged for labels bought elsewhere."""
    asked = {"tracking_code": given["tracking_number"], "carrier": given.get("carrier")}
    return {name: value for name, value in asked.items() if value}


def prepare_webhook_register(given: Given, settings: Given) -> Plain:
    return {"url": given["address"], "webhook_secret": given["secret"]}


def prepare_webhook_list(given: Given, settings: Given) -> Plain:
    return {}


def prepare_account_describe(given: Given, settings: Given) -> Plain:
    return {}


# --- the calls ---


def send_address_verify(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.address.create(verify=True, **stored["address"]))


def send_rate_list(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.beta_rate.retrieve_stateless_rates(**_floats(stored["shipment"])))


def send_shipment_create(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.shipment.create(**_floats(stored["shipment"])))


def send_label_buy(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.shipment.buy(stored["id"], rate=stored["rate"]))


def send_shipment_find(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.shipment.retrieve(stored["id"]))


def send_label_refund(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.shipment.refund(stored["id"]))


def send_tracking_get(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.tracker.all(**stored))


def send_webhook_register(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.webhook.create(**stored))


def send_webhook_list(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.webhook.all())


def send_account_describe(stored: Given, context: HatchContext) -> Outcome:
    return _ask(context, lambda client: client.user.retrieve_me())


# --- the SDK ---


@dataclass
class _Heard:
    """What came over the wire, taken from the SDK's response hook."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __call__(self, **told: Any) -> None:
        self.status = int(told["http_status"])
        self.headers = {str(name).lower(): str(value) for name, value in told["headers"].items()}
        self.body = str(told["response_body"]).encode()


_local = threading.local()


def _ask(context: HatchContext, call: Callable[[EasyPostClient], Any]) -> Outcome:
    """One call. An answer, good or bad, is judged by the manifest; without one the SDK's exception goes on as it is,
    and its cause says whether anything was sent.
    """
    client, heard = _client(context), _Heard()
    client.subscribe_to_response_hook(heard)  # type: ignore[no-untyped-call]
    try:
        call(client)
    except EasyPostError:
        if heard.status is None:
            raise
    finally:
        client.unsubscribe_from_response_hook(heard)  # type: ignore[no-untyped-call]
    outcome = context.judge(heard.status or 0, heard.headers, heard.body)
    return dataclasses.replace(outcome, retry_after_seconds=outcome.retry_after_seconds or _retry_after(heard))


def _client(context: HatchContext) -> EasyPostClient:
    """This thread's client of the account, with this call's session and time-outs."""
    key, base = context.secret("api_key"), context.base_url.rstrip("/").removesuffix("/v2") + "/v2"
    clients: dict[tuple[str, str], EasyPostClient] = _local.__dict__.setdefault("clients", {})
    client = clients.get((key, base))
    if client is None:
        if len(clients) >= _CLIENTS:
            clients.clear()
        client = clients[key, base] = EasyPostClient(key, api_base=base)
    client.timeout = (context.timeout.connect, context.timeout.total)  # type: ignore[assignment]
    client._requests_session = context.session()
    return client


def _retry_after(heard: _Heard) -> float | None:
    text = heard.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _floats(value: Any) -> Any:
    """Exact decimals as JSON numbers of the SDK's encoder, which knows floats only; our decimals have few digits."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _floats(inner) for key, inner in value.items()}
    return [_floats(inner) for inner in value] if isinstance(value, list) else value


# --- EasyPost's words ---


def _origin(given: Given) -> Given:
    origin = given["origin"]
    if not origin or not origin.get("street_address"):
        raise Unusable("the connection has no address to ship from; set its origin")
    return dict(origin)


def _address(place: Given, buyer: Given | None) -> Plain:
    """An address; `buyer` gives what a label's address may carry beside it."""
    buyer = buyer or {}
    found = {
        "name": " ".join(filter(None, (place.get("first_name"), place.get("last_name")))),
        "company": place.get("company"),
        "street1": place.get("street_address"),
        "street2": place.get("extended_address"),
        "city": place.get("address_locality"),
        "state": place.get("address_region"),
        "zip": place.get("postal_code"),
        "country": place.get("address_country"),
        "phone": place.get("phone_number") or buyer.get("phone_number"),
        "email": buyer.get("email"),
    }
    return {name: value for name, value in found.items() if value}


def _parcel(parcel: Given) -> Plain:
    """Ounces and inches, to one decimal, rounded up: a carrier charges for what it weighs, not for what was said."""
    if not parcel.get("weight_grams"):
        raise Unusable("the parcel's weight is not known; give the products weights, or the connection a parcel")
    measures = {
        name: _tenths(parcel.get(f"{name}_mm"), _MM_PER_INCH)
        for name in ("length", "width", "height")
        if parcel.get(f"{name}_mm")
    }
    return {"weight": _tenths(parcel["weight_grams"], _GRAMS_PER_OUNCE)} | measures


def _tenths(value: Any, unit: Decimal) -> Decimal:
    return (Decimal(value) / unit).quantize(Decimal("0.1"), ROUND_UP)


def _options(given: Given, settings: Given) -> Plain:
    group = given["group"]
    options: Plain = {"label_format": settings["label_format"]}
    label = (given.get("order") or {}).get("label")
    if label:
        options["print_custom_1"] = str(label)[:35]
    if group.get("cod_amount"):
        options |= {"cod_amount": major(group["cod_amount"], group["currency"]), "cod_method": settings["cod_method"]}
    return options


def _accounts(settings: Given) -> Plain:
    return {"carrier_accounts": list(settings["carrier_accounts"])} if settings.get("carrier_accounts") else {}


def _customs(group: Given, origin: Given, settings: Given) -> Plain:
    if not settings.get("customs_signer"):
        raise Unusable("the parcel crosses a border; set customs_signer on the connection")
    return {
        "contents_type": "merchandise",
        "restriction_type": "none",
        "eel_pfc": settings["eel_pfc"],
        "customs_certify": True,
        "customs_signer": settings["customs_signer"],
        "customs_items": [_customs_item(line, group["currency"], origin, settings) for line in group["lines"]],
    }


def _customs_item(line: Given, currency: str, origin: Given, settings: Given) -> Plain:
    grams = line.get("weight_grams") or settings.get("customs_weight_grams")
    if not grams:
        raise Unusable(f"customs wants the weight of {line['title']}; give the product a weight")
    item = {
        "description": str(line["title"])[:50],
        "quantity": line["quantity"],
        "value": Decimal(major(line["price"] * line["quantity"], currency)),
        "currency": currency,
        "weight": _tenths(grams * line["quantity"], _GRAMS_PER_OUNCE),
        "origin_country": line.get("origin_country") or origin.get("address_country"),
        "code": line.get("sku"),
        "hs_tariff_number": line.get("hs_code"),
    }
    return {name: value for name, value in item.items() if value is not None}
