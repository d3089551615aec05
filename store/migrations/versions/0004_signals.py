"""The signals: what is known of each pupil, and each school's bars."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signal",
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("as_of", store.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("pupil_id"),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index("ix_signal_school", ["school_id", "flagged"], unique=False)
    op.create_table(
        "signal_bars",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("at", store.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("enter", sa.Float(), nullable=False),
        sa.Column("leave", sa.Float(), nullable=False),
        sa.Column("pupils", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("school_id"),
    )


def downgrade() -> None:
    op.drop_table("signal_bars")
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.drop_index("ix_signal_school")
    op.drop_table("signal")
