from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    """Two storefronts and the rest, no faults, a clock that only moves when told."""
    made = World.standard("unit", tmp_path / "world", clock, Settings.hasty())
    yield made
    made.close()


@pytest.fixture
def clerk(world: World, clock: Clock) -> Clerk:
    return Clerk(world, clock)
