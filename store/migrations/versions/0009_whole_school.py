"""The whole school: totals of waves, what came of flags, what was drawn."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, of in (("trend", "wave"), ("outcome", "flag")):
        op.create_table(
            name,
            sa.Column(f"{of}_id", sa.Uuid(), nullable=False),
            sa.Column("school_id", sa.Uuid(), nullable=False),
            sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint([f"{of}_id"], [f"{of}.id"]),
            sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
            sa.PrimaryKeyConstraint(f"{of}_id"),
        )
        op.create_index(f"ix_{name}_school_id", name, ["school_id"], unique=False)
    op.create_table(
        "draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("at", store.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("before_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("after_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["group_id"], ["tutor_group.id"]),
        sa.ForeignKeyConstraint(["check_in_id"], ["check_in.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("check_in_id"),
    )
    op.create_index("ix_draw_pupil", "draw", ["school_id", "pupil_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_draw_pupil", "draw")
    op.drop_table("draw")
    for name in ("outcome", "trend"):
        op.drop_index(f"ix_{name}_school_id", name)
        op.drop_table(name)
