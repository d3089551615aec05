"""The tables of what pupils and families ask for by right: a copy of what is kept, and a nudge they contest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class CopyRequest(SQLModel, table=True):
    """A pupil asks for a copy of what is kept about them.

    `state` is asked until a member of staff decides, then sent or declined.
    """

    __tablename__ = "copy_request"
    __table_args__ = (Index("ix_copy_request_state", "school_id", "state"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id", index=True)
    state: str = "asked"
    asked_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class Contest(SQLModel, table=True):
    """A flag that the pupil (`by` pupil) or a family (`by` guardian) say is not right.

    `state` is open until a safeguarding lead answers: stands, or withdrawn. While it is open or withdrawn the flag is
    left out of every count (`Flag.contested`).
    """

    __table_args__ = (Index("ix_contest_state", "school_id", "state"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    flag_id: UUID = Field(foreign_key="flag.id", unique=True)
    by: str
    state: str = "open"
    at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id")
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
