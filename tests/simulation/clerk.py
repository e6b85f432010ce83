"""Somebody at the warehouse who helps: an order lost on its way is keyed in by hand, and not quite the same."""

from __future__ import annotations

import json
from copy import deepcopy

from hub.sandbox.shipbob.account import ShipBob
from hub.sandbox.shipbob.asking import units_of
from hub.sandbox.shipbob.papers import Shipment, WarehouseOrder
from hub.sandbox.world import World

ACCOUNT = "shipbob/main"


def warehouse_of(world: World) -> ShipBob:
    found = world.accounts[ACCOUNT]
    assert isinstance(found, ShipBob)
    return found


def is_new_order(account: str, method: str, path: str) -> bool:
    return account == ACCOUNT and method == "POST" and path.endswith("/order")


def key_in(world: World, body: bytes, now: float) -> None:
    """One unit more than was asked for, under the same reference. It is not packed before somebody looks at it."""
    warehouse, asked = warehouse_of(world), deepcopy(json.loads(body))
    if asked["reference_id"] in warehouse.by_reference:
        return
    asked["products"][0]["quantity"] = int(asked["products"][0]["quantity"]) + 1
    units = units_of(asked["products"])
    order = WarehouseOrder(900_000 + world.desk.number(), asked["reference_id"], now, asked, units)
    order.shipments = [Shipment(700_000 + world.desk.number(), units, updated_at=now)]
    warehouse.orders[order.id] = warehouse.by_reference[order.reference] = order


def undo(world: World, reference: str, now: float) -> bool:
    """Takes back what was keyed in under a reference; False where there is nothing to take back."""
    order = warehouse_of(world).by_reference.get(reference)
    if order is None or order.cancelled or order.store_order:
        return False
    for shipment in order.shipments:
        shipment.status, shipment.updated_at = "Cancelled", now
    order.cancelled = True
    return True
