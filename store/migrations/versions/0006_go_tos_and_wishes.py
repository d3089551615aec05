"""Go-tos, the round that asks for them, wishes to talk, and asking a go-to to check in."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from store.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "go_to",
        _id("id"),
        _id("school_id"),
        _id("pupil_id"),
        _id("staff_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        _time("since"),
        _time("until", nullable=True),
        sa.Column("ended", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_go_to_pupil", "go_to", ["school_id", "pupil_id"], unique=False)
    op.create_index("ix_go_to_staff", "go_to", ["school_id", "staff_id"], unique=False)
    standing = sa.text("until IS NULL")
    op.create_index(
        "ix_go_to_standing",
        "go_to",
        ["pupil_id", "place"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_table(
        "go_to_refusal",
        _id("staff_id"),
        _id("school_id"),
        _time("since"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("staff_id"),
    )
    op.create_table(
        "campaign",
        _id("id"),
        _id("school_id"),
        _time("started_at"),
        _time("remind_at"),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_campaign_school_id", "campaign", ["school_id"], unique=False)
    op.create_table(
        "campaign_ask",
        _id("pupil_id"),
        _id("campaign_id"),
        _id("school_id"),
        _time("asked_at"),
        _time("reminded_at", nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("pupil_id", "campaign_id"),
    )
    op.create_table(
        "wish",
        _id("request_id"),
        _id("school_id"),
        _id("chosen_id", nullable=True),
        sa.Column("soon", sa.String(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.Column("promise", sa.String(), nullable=False),
        _time("promised_for", nullable=True),
        sa.Column("promises", sa.Integer(), nullable=False),
        sa.Column("met", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["chosen_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_table(
        "nudge_ask",
        _id("id"),
        _id("school_id"),
        _id("flag_id"),
        _id("staff_id"),
        _id("asked_by"),
        _time("asked_at"),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flag_id", "staff_id"),
    )


def downgrade() -> None:
    for table in ("nudge_ask", "wish", "campaign_ask", "campaign", "go_to_refusal", "go_to"):
        op.drop_table(table)
