"""A migration is one transaction: whoever is interrupted in it has the file of before."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import patch

import pytest

from hub.store import upgrade
from hub.store.open import open_sqlite


def interrupted(folder: Path) -> Path:
    """Migrations of which the first does all its work, and then its process ends."""
    migrations = folder / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, migrations)
    first = migrations / "versions" / "0001_first_schema.py"
    script = first.read_text("utf-8")
    assert script.count("\ndef downgrade()") == 1
    first.write_text(
        script.replace("\ndef downgrade()", '    raise RuntimeError("gone")\n\n\ndef downgrade()'), "utf-8"
    )
    return migrations


def test_a_first_start_that_was_interrupted_is_made_good_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with patch.object(upgrade, "MIGRATIONS", interrupted(tmp_path)), pytest.raises(RuntimeError, match="gone"):
        upgrade.upgrade(path)
    assert upgrade.revision(path) is None
    assert upgrade.upgrade(path) == (None, upgrade.HEAD)
    open_sqlite(path, threaded=False).close()
