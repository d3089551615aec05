"""The tables of guardians: who they are, and whose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class Guardian(SQLModel, table=True):
    """A parent or carer; `active` until they are no longer in the school's lists, which was at `left_at`."""

    __table_args__ = (UniqueConstraint("school_id", "mis_key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    mis_key: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)
    name_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)
    language: str = "en"
    active: bool = True
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class Guardianship(SQLModel, table=True):
    """Which pupil a guardian is one of."""

    guardian_id: UUID = Field(primary_key=True, foreign_key="guardian.id")
    pupil_id: UUID = Field(primary_key=True, foreign_key="pupil.id", index=True)
    school_id: UUID = Field(foreign_key="school.id")
