"""Escalation: what waits has a row that says how far it has climbed."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ladder", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", store.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("since", store.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("lapses_at", store.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"]),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flag_id"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_index("ix_escalation_state", "escalation", ["school_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_escalation_state", table_name="escalation")
    op.drop_table("escalation")
