"""The tables of the signals: what is known of each pupil after their last check-in, and each school's bars."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime


class Signal(SQLModel, table=True):
    """What the answers of one pupil have come to, sealed; `as_of` is when the last check-in in it was opened.

    Made anew from the check-ins when it is not there. `flagged` says whether the pupil's level is up.
    """

    __table_args__ = (Index("ix_signal_school", "school_id", "flagged"),)

    pupil_id: UUID = Field(primary_key=True, foreign_key="pupil.id")
    school_id: UUID = Field(foreign_key="school.id")
    model: str
    as_of: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    flagged: bool = False
    data_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)

    @property
    def id(self) -> UUID:
        return self.pupil_id


class SignalBars(SQLModel, table=True):
    """The points a pupil of a school must pass to be flagged and to stay so, as of the last nightly pass."""

    __tablename__ = "signal_bars"

    school_id: UUID = Field(primary_key=True, foreign_key="school.id")
    at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    enter: float
    leave: float
    pupils: int
