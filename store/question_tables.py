"""The table of a school's own questions: every version that was ever published, as its file was written."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class QuestionSet(SQLModel, table=True):
    """One version of a school's own questions: its file, and the ids of what was retired from it since.

    A version is left as it is: check-ins are pinned to it by `number`.
    """

    __tablename__ = "question_set"
    __table_args__ = (UniqueConstraint("school_id", "number"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    number: int
    published_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    file: str
    retired: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
