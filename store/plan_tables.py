"""The tables of what staff mean to do: plans, why a nudge was not needed, who is away, and staff one-to-ones."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class Plan(SQLModel, table=True):
    """What a member of staff means to do, by when: for one pupil (of a flag), or for a whole tutor group.

    `state`: open, asked (its day has come), help (a group's: its owner asked for help and has it until somebody takes
    it), done, ended (given up, or taken back). What is done, how it went and what was noticed are one sealed blob.
    """

    __table_args__ = (
        Index("ix_plan_pupil", "school_id", "pupil_id"),
        Index("ix_plan_owner", "school_id", "owner_id", "state"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    group_id: UUID = Field(foreign_key="tutor_group.id")
    pupil_id: UUID | None = Field(default=None, foreign_key="pupil.id")
    flag_id: UUID | None = Field(default=None, foreign_key="flag.id", index=True)
    owner_id: UUID = Field(foreign_key="staff.id")
    state: str = "open"
    version: int = 0
    made_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    due_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    content_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)


class Verdict(SQLModel, table=True):
    """Why somebody said that a nudge was not needed, sealed: kept to judge the flags by."""

    flag_id: UUID = Field(primary_key=True, foreign_key="flag.id")
    school_id: UUID = Field(foreign_key="school.id")
    at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    why_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)

    @property
    def id(self) -> UUID:
        return self.flag_id


class Absence(SQLModel, table=True):
    """A member of staff is away from one moment to another, and who stands in for them, if anybody does."""

    __table_args__ = (Index("ix_absence_ends", "school_id", "ends_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    staff_id: UUID = Field(foreign_key="staff.id", index=True)
    cover_id: UUID | None = Field(default=None, foreign_key="staff.id")
    starts_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    ends_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)


class OneToOne(SQLModel, table=True):
    """Whom a member of staff meets in a term, and when; nothing of what is said.

    `term` is the day the term begins, as YYYY-MM-DD. `page` counts the times offered and passed over.
    """

    __tablename__ = "one_to_one"
    __table_args__ = (UniqueConstraint("school_id", "term", "staff_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    term: str
    staff_id: UUID = Field(foreign_key="staff.id")
    leader_id: UUID = Field(foreign_key="staff.id", index=True)
    made_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    meets_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    reminded: bool = False
    page: int = 0
    version: int = 0
