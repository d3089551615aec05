"""Plans, why a nudge was not needed, who is away, and staff one-to-ones."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = store.database.UtcDateTime(timezone=True)
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=True),
        sa.Column("flag_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"]),
        sa.ForeignKeyConstraint(["group_id"], ["tutor_group.id"]),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_plan_flag_id", "plan", ["flag_id"], unique=False)
    op.create_index("ix_plan_owner", "plan", ["school_id", "owner_id", "state"], unique=False)
    op.create_index("ix_plan_pupil", "plan", ["school_id", "pupil_id"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("why_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("flag_id"),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["cover_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_absence_ends", "absence", ["school_id", "ends_at"], unique=False)
    op.create_index("ix_absence_staff_id", "absence", ["staff_id"], unique=False)
    op.create_table(
        "one_to_one",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("meets_at", moment, nullable=True),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("school_id", "term", "staff_id"),
    )
    op.create_index("ix_one_to_one_leader_id", "one_to_one", ["leader_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_one_to_one_leader_id", table_name="one_to_one")
    op.drop_table("one_to_one")
    op.drop_index("ix_absence_staff_id", table_name="absence")
    op.drop_index("ix_absence_ends", table_name="absence")
    op.drop_table("absence")
    op.drop_table("verdict")
    op.drop_index("ix_plan_pupil", table_name="plan")
    op.drop_index("ix_plan_owner", table_name="plan")
    op.drop_index("ix_plan_flag_id", table_name="plan")
    op.drop_table("plan")
