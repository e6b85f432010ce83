"""A read of the source that began before the latest news does not count as fresh."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("stale_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "stale_at")
