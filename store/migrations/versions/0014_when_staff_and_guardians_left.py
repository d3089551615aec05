"""When a member of staff or a guardian left the school's lists, so that their names have a clock."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("staff", "guardian"):
        with op.batch_alter_table(name) as batch:
            batch.add_column(sa.Column("left_at", store.database.UtcDateTime(timezone=True), nullable=True))
        # Of those who had left already nobody knows when: their clock begins now.
        table = sa.table(name, sa.column("active", sa.Boolean()), sa.column("left_at", sa.DateTime(timezone=True)))
        op.execute(table.update().where(table.c.active.is_(sa.false())).values(left_at=sa.func.now()))


def downgrade() -> None:
    for name in ("guardian", "staff"):
        with op.batch_alter_table(name) as batch:
            batch.drop_column("left_at")
