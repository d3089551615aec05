"""Guardians, line managers, what a pupil was before they left, and whether a guardian has stopped them."""

import sqlalchemy as sa
from alembic import op

import store.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff") as batch:
        batch.add_column(sa.Column("manager_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key("fk_staff_manager", "staff", ["manager_id"], ["id"])
    with op.batch_alter_table("pupil") as batch:
        batch.add_column(sa.Column("status_before", sa.String(), nullable=True))
        batch.add_column(sa.Column("left_at", store.database.UtcDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    # The default was for the rows already there.
    with op.batch_alter_table("pupil") as batch:
        batch.alter_column("held", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
    op.create_table(
        "guardian",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("mis_key", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("school_id", "mis_key"),
    )
    op.create_table(
        "guardianship",
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["guardian_id"], ["guardian.id"]),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.id"]),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("guardian_id", "pupil_id"),
    )
    with op.batch_alter_table("guardianship") as batch:
        batch.create_index("ix_guardianship_pupil_id", ["pupil_id"], unique=False)


def downgrade() -> None:
    op.drop_table("guardianship")
    op.drop_table("guardian")
    with op.batch_alter_table("pupil") as batch:
        batch.drop_column("held")
        batch.drop_column("left_at")
        batch.drop_column("status_before")
    with op.batch_alter_table("staff") as batch:
        batch.drop_constraint("fk_staff_manager", type_="foreignkey")
        batch.drop_column("manager_id")
