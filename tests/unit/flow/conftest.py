from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stores import MakeStore
from tests.unit.flow.stage import Stage


@pytest.fixture
def make_stage(make_store: MakeStore) -> Callable[..., Stage]:
    return lambda **options: Stage(make_store(), **options)


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()
