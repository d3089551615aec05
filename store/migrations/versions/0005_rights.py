"""The guardians' own codes and chats; copies asked for; contested flags."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, store.database.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "guardian_invite",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("code_key", sa.LargeBinary(), nullable=False),
        _time("expires_at"),
        _time("used_at", nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["guardian_id"], ["guardian.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("school_id", "code_key"),
    )
    op.create_index("ix_guardian_invite_guardian_id", "guardian_invite", ["guardian_id"])
    op.create_table(
        "guardian_binding",
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("chat_key", sa.LargeBinary(), nullable=False),
        sa.Column("chat_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["guardian_id"], ["guardian.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("guardian_id"),
        sa.UniqueConstraint("school_id", "chat_key"),
    )
    op.create_table(
        "copy_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _time("asked_at"),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        _time("decided_at", nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_copy_request_pupil_id", "copy_request", ["pupil_id"])
    op.create_index("ix_copy_request_state", "copy_request", ["school_id", "state"])
    op.create_table(
        "contest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _time("at"),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        _time("answered_at", nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flag_id"),
    )
    op.create_index("ix_contest_state", "contest", ["school_id", "state"])
    with op.batch_alter_table("flag") as batch:
        batch.add_column(sa.Column("contested", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("flag") as batch:
        batch.drop_column("contested")
    op.drop_table("contest")
    op.drop_table("copy_request")
    op.drop_table("guardian_binding")
    op.drop_table("guardian_invite")
