from __future__ import annotations

import pytest

from tests.unit.flow.stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def make_stage(tmp_path):
    return lambda **options: Stage(tmp_path, **options)
