from __future__ import annotations

from pathlib import Path

import pytest

from hub.language.functions import FunctionSet, default_functions
from hub.model.money import exponent


@pytest.fixture(scope="session")
def functions() -> FunctionSet:
    return default_functions(exponent)


@pytest.fixture
def shared_attacks(shared: Path) -> set[str]:
    """The names of the JSON attacks in the shared corpus."""
    rows = (shared / "corpora/attacks/json_body_attacks.tsv").read_text(encoding="utf-8").splitlines()
    return {row.partition("\t")[0] for row in rows[1:] if row}
