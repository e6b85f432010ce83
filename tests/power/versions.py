"""Migrations that were never released: a next version's, and the present one run as it must not be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hub.store import upgrade

# A column by rebuilding a table (what alembic does on SQLite for most changes), a new table, and rows that change.
_NEXT = '''
"""The next schema: invented for a test."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    with op.batch_alter_table("messages", recreate="always") as batch:
        batch.add_column(sa.Column("importance", sa.Integer(), nullable=False, server_default="0"))
    op.create_table("shelves", sa.Column("name", sa.Text(), primary_key=True))
    op.execute("UPDATE messages SET importance = length(body)")
    op.execute("INSERT INTO shelves (name) SELECT key FROM orders")
'''
_CAREFUL = ("        _whole(engine)\n", "transactional_ddl=True")


def migrate_to_next(path: Path) -> Any:
    """`hub.store.upgrade.upgrade` as a next version would run it."""
    with tempfile.TemporaryDirectory() as name:
        migrations = Path(name) / "migrations"
        shutil.copytree(upgrade.MIGRATIONS, migrations)
        (migrations / "versions" / "9999_next.py").write_text(_NEXT.format(head=upgrade.HEAD), "utf-8")
        with patch.multiple(upgrade, MIGRATIONS=migrations, HEAD="9999"):
            return upgrade.upgrade(path)


def migrate_by_statements(path: Path) -> Any:
    """A bug: each statement of a migration is committed alone, as Python's driver and alembic do if nobody says
    otherwise.
    """
    with tempfile.TemporaryDirectory() as name:
        migrations = Path(name) / "migrations"
        shutil.copytree(upgrade.MIGRATIONS, migrations)
        script = (migrations / "env.py").read_text("utf-8")
        careless = script.replace(_CAREFUL[0], "        pass\n").replace(_CAREFUL[1], "transactional_ddl=False")
        assert careless.count("pass\n") == 1 and _CAREFUL[1] not in careless
        (migrations / "env.py").write_text(careless, "utf-8")
        with patch.object(upgrade, "MIGRATIONS", migrations):
            return upgrade.upgrade(path)
