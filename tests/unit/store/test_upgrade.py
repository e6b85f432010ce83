"""A migration is one transaction: whoever is interrupted in it has the file of before."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from alembic import command

from hub.store import upgrade
from hub.store.open import open_postgres, open_sqlite
from tests.looking import look
from tests.unit.store.filled import fill


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


class TestARollingUpgrade:
    """Processes of the version before go on over a schema that only added to what they use."""

    def ahead(self, url: str, least: str) -> None:
        """The next version has migrated, and says who may go on."""
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.execute("UPDATE install SET value = %s WHERE name = %s", (least, upgrade.LEAST_FACT))

    def test_where_it_may_it_starts(self, url: str) -> None:
        self.ahead(url, upgrade.HEAD)
        assert upgrade.upgrade_postgres(url) == ("9999", "9999")

    def test_where_it_may_not_it_says_so(self, url: str) -> None:
        self.ahead(url, "9000")
        with pytest.raises(upgrade.Newer, match="9999"):
            upgrade.upgrade_postgres(url)

    def test_what_was_migrated_says_who_may_go_on(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            (least,) = connection.execute("SELECT value FROM install WHERE name = 'least'").fetchone() or ("",)
        assert least == upgrade.LEAST

    def test_every_migration_goes_down_and_up_again_with_data_in_it(self, url: str) -> None:
        store = open_postgres(url)
        fill(store)
        before = look(store, "SELECT count(*), max(changed_at) FROM orders")
        store.close()
        config = upgrade.config_of(url)
        command.downgrade(config, "0001")
        command.upgrade(config, "head")
        store = open_postgres(url)
        assert look(store, "SELECT count(*), max(changed_at) FROM orders") == before
        store.close()


def test_a_file_goes_down_and_up_again_with_data_in_it(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    upgrade.upgrade(path)
    store = open_sqlite(path, threaded=False)
    fill(store)
    before = look(store, "SELECT count(*), max(changed_at) FROM orders")
    store.close()
    config = upgrade.config_of(f"sqlite:///{path}")
    command.downgrade(config, "0001")
    assert upgrade.revision(path) == "0001"
    assert upgrade.upgrade(path) == ("0001", upgrade.HEAD)
    store = open_sqlite(path, threaded=False)
    assert look(store, "SELECT count(*), max(changed_at) FROM orders") == before
    store.close()
