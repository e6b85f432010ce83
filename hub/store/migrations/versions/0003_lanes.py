"""Due work is claimed by lanes, so that no shop's waits behind another's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at IS NOT NULL")
# What is due now and no later version has written: `shop TAB connection TAB`.
_OF_KEY = {
    "sqlite": "substr({key} || ':', 1, instr({key} || ':', ':') - 1)",
    "postgresql": "split_part({key}, ':', 1)",
}
_TAB = {"sqlite": "char(9)", "postgresql": "chr(9)"}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    shop, tab = _OF_KEY[dialect], _TAB[dialect]
    lanes = {
        "steps": f"{shop.format(key='order_key')} || {tab} || coalesce(connection, '') || {tab}",
        "messages": f"connection || {tab} || {tab}",
        "chores": f"{shop.format(key='key')} || {tab} || {tab}",
    }
    for table, lane in lanes.items():
        op.add_column(table, sa.Column("lane", sa.Text(), nullable=False, server_default=""))
        op.execute(f"UPDATE {table} SET lane = {lane} WHERE due_at IS NOT NULL")
        op.drop_index(f"{table}_due", table_name=table)
        op.create_index(f"{table}_due", table, ["due_at", "lane"], sqlite_where=_DUE, postgresql_where=_DUE)
        op.create_index(f"{table}_lane", table, ["lane", "due_at"], sqlite_where=_DUE, postgresql_where=_DUE)


def downgrade() -> None:
    for table in ("steps", "messages", "chores"):
        op.drop_index(f"{table}_lane", table_name=table)
        op.drop_index(f"{table}_due", table_name=table)
        op.create_index(f"{table}_due", table, ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
        op.drop_column(table, "lane")
