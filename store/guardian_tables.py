"""The tables of the guardians' own chats: their join codes, and which chat is whose.

A guardian's chat keeps nothing else: no state, no answers, and no sign of whether they were here.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


class GuardianInvite(SQLModel, table=True):
    """A guardian's own join code, kept only as a keyed hash; single use, expiring."""

    __tablename__ = "guardian_invite"
    __table_args__ = (UniqueConstraint("school_id", "code_key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    guardian_id: UUID = Field(foreign_key="guardian.id", index=True)
    code_key: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)
    expires_at: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class GuardianBinding(SQLModel, table=True):
    """Which chat is a guardian's: a keyed hash to find them by, the sealed chat id to send to."""

    __tablename__ = "guardian_binding"
    __table_args__ = (UniqueConstraint("school_id", "chat_key"),)

    guardian_id: UUID = Field(primary_key=True, foreign_key="guardian.id")
    school_id: UUID = Field(foreign_key="school.id")
    chat_key: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)
    chat_sealed: bytes = Field(default=None, sa_type=LargeBinary, nullable=False)

    @property
    def id(self) -> UUID:
        return self.guardian_id
