"""The tables of what a whole school's answers come to: totals of a wave, what came of flags, and what was drawn."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class Trend(SQLModel, table=True):
    """The totals of one closed wave by year group, sealed; made anew from its check-ins when it is not there."""

    wave_id: UUID = Field(primary_key=True, foreign_key="wave.id")
    school_id: UUID = Field(foreign_key="school.id", index=True)
    data_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)

    @property
    def id(self) -> UUID:
        return self.wave_id


class Outcome(SQLModel, table=True):
    """How things were for a flagged pupil a while after the flag, sealed; made anew when it is not there."""

    flag_id: UUID = Field(primary_key=True, foreign_key="flag.id")
    school_id: UUID = Field(foreign_key="school.id", index=True)
    data_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)

    @property
    def id(self) -> UUID:
        return self.flag_id


class Draw(SQLModel, table=True):
    """What was drawn for a pupil close to the bar, where the school agreed: nudged at once (`first`) or weeks later.

    `before_sealed` holds how things were at the draw, `after_sealed` at the end of the wait.
    """

    __table_args__ = (Index("ix_draw_pupil", "school_id", "pupil_id", "at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id")
    group_id: UUID = Field(foreign_key="tutor_group.id")
    check_in_id: UUID = Field(foreign_key="check_in.id", unique=True)
    at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    first: bool
    before_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)
    after_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
