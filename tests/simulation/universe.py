"""The world of a run: the sandbox's six providers, and a third shop whose orders bear the numbers of the first's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.sandbox.world import World
from tests.simulation.terms import Terms

TWIN = "cedar"  # sells by the same numbers as aurora, through the same warehouse, carrier and payment account


def build(terms: Terms, directory: Path, clock: Callable[[], float]) -> World:
    world = World(f"simulation {terms.seed}", directory, clock, terms.pace.settings, terms.level)
    stripe = world.add_stripe("main")
    world.add_shopify("aurora", stripe)
    world.add_woocommerce("basalt", stripe)
    world.add_shopify(TWIN, stripe)
    world.add_shipbob("main")
    world.add_easypost("main")
    return world
