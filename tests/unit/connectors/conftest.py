from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk, Clock


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[Clerk]:
    """A world without faults, and somebody in it who does what storefronts and buyers do."""
    clock = Clock()
    world = World.standard("connectors", tmp_path / "world", clock, Settings.hasty())
    yield Clerk(world, clock)
    world.close()
