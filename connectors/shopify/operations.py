"""Writing a parcel's tracking back to Shopify: which units of which fulfilment order it fulfils.

Shopify records a shipment against its own fulfilment orders, of one location at a time. Which of them hold a parcel's
lines is read first (the manifest's further question) and becomes part of the stored request; the mutation stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.model.outcome import Outcome
from hub.wire.hatch import HatchContext

PATH = "/admin/api/2026-07/graphql.json"
MUTATION = (
    "mutation Announce($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {"
    " fulfillment { id status } userErrors { field message } } }"
)
_FULFILLABLE = ("OPEN", "IN_PROGRESS")

Plain = dict[str, Any]


class Unusable(ValueError):
    """Shopify has nothing that this parcel could fulfil; the text says why."""


def prepare_shipment_announce(given: Mapping[str, Any], settings: Mapping[str, Any]) -> Plain:
    """The mutation's variables: {fulfillment: {lineItemsByFulfillmentOrder, trackingInfo, notifyCustomer}}."""
    parcel = given["parcel"]
    wanted = {str(line["id"]): int(line["quantity"]) for line in parcel["lines"] if int(line["quantity"]) > 0}
    if not wanted:
        raise Unusable("the parcel has no lines, so Shopify cannot be told what was sent")
    taken = _take(_rooms(given["also"]["rooms"]), wanted)
    tracking = {
        "number": parcel.get("tracking_number"),
        "company": parcel.get("carrier"),
        "url": parcel.get("tracking_url"),
    }
    fulfillment = {
        "lineItemsByFulfillmentOrder": taken,
        "notifyCustomer": bool(given.get("notify")),
        "trackingInfo": {name: value for name, value in tracking.items() if value},
    }
    return {"fulfillment": fulfillment}


def send_shipment_announce(stored: Mapping[str, Any], context: HatchContext) -> Outcome:
    return context.request("POST", PATH, {"query": MUTATION, "variables": dict(stored)})


def lacking_scopes(granted: Sequence[str], needed: Sequence[str]) -> list[str]:
    """Those of `needed` that the app was not granted; that writing includes reading, Shopify's SDK knows."""
    # Imported here because only who sets a shop up pays for it.
    from shopify.api_access import ApiAccess  # type: ignore[import-untyped]  # noqa: PLC0415

    has = ApiAccess(list(granted))
    return [scope for scope in needed if not has.covers(ApiAccess(scope))]


def _rooms(answer: Mapping[str, Any]) -> list[Plain]:
    """The open fulfilment orders, in Shopify's order."""
    order = answer["data"]["order"]
    if order is None:
        raise Unusable("the order does not exist in Shopify any more")
    found = order["fulfillmentOrders"]
    if found["pageInfo"]["hasNextPage"] or any(room["lineItems"]["pageInfo"]["hasNextPage"] for room in found["nodes"]):
        raise Unusable("the order is in more parts than are read; fulfil this parcel in Shopify")
    return [room for room in found["nodes"] if room["status"] in _FULFILLABLE]


def _take(rooms: list[Plain], wanted: Mapping[str, int]) -> list[Plain]:
    """The parts of the first location that still holds all of `wanted`: one mutation may not span two locations."""
    places: dict[str, list[Plain]] = {}
    for room in rooms:
        location = (room.get("assignedLocation") or {}).get("location") or {}
        places.setdefault(str(location.get("id")), []).append(room)
    for parts in places.values():
        taken = _from(parts, wanted)
        if taken is not None:
            return taken
    raise Unusable("no location's open fulfilment orders hold these lines: they may be fulfilled already, or on hold")


def _from(rooms: Iterable[Plain], wanted: Mapping[str, int]) -> list[Plain] | None:
    """What to fulfil of each fulfilment order; None where they do not hold enough."""
    left = dict(wanted)
    taken = []
    for room in rooms:
        lines = []
        for line in room["lineItems"]["nodes"]:
            number = str(line["lineItem"]["id"]).rpartition("/")[2]
            quantity = min(left.get(number, 0), int(line["remainingQuantity"]))
            if quantity > 0:
                left[number] -= quantity
                lines.append({"id": line["id"], "quantity": quantity})
        if lines:
            taken.append({"fulfillmentOrderId": room["id"], "fulfillmentOrderLineItems": lines})
    return None if any(left.values()) else taken
