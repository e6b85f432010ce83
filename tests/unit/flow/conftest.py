from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def make_stage(tmp_path):
    return lambda **options: Stage(tmp_path, **options)
