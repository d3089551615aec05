"""The tables of care between a pupil and an adult: go-tos, the round that asks for them, wishes to talk.

Nothing in them is sealed, for nothing in them is a word or a name: they hold ids, times and states. Which person an id
is, is sealed in the person's own row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id


def _time(*, nullable: bool = False) -> Any:  # noqa: ANN401 (SQLModel's field)
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable)


class GoTo(SQLModel, table=True):
    """An adult whom a pupil named, first or second (`place` 1 or 2), from `since` to `until`; None while it stands.

    Place 3 is for now, while another is away. `ended` says why it ended: changed (by the pupil), left (the adult has
    gone), refused (the adult said no), back (whoever was away is here again).
    """

    __tablename__ = "go_to"
    __table_args__ = (
        Index("ix_go_to_pupil", "school_id", "pupil_id"),
        Index("ix_go_to_staff", "school_id", "staff_id"),
        Index(
            "ix_go_to_standing",
            "pupil_id",
            "place",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id")
    staff_id: UUID = Field(foreign_key="staff.id")
    place: int
    since: datetime = _time()
    until: datetime | None = _time(nullable=True)
    ended: str = ""


class GoToRefusal(SQLModel, table=True):
    """A member of staff who cannot be a go-to for now, since when."""

    __tablename__ = "go_to_refusal"

    staff_id: UUID = Field(primary_key=True, foreign_key="staff.id")
    school_id: UUID = Field(foreign_key="school.id")
    since: datetime = _time()


class Campaign(SQLModel, table=True):
    """One round in which every pupil is asked for two go-tos: open, or stopped; reminded of once, at `remind_at`."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id", index=True)
    started_at: datetime = _time()
    remind_at: datetime = _time()
    state: str = "open"


class CampaignAsk(SQLModel, table=True):
    """That a pupil was asked in a round, and reminded."""

    __tablename__ = "campaign_ask"

    pupil_id: UUID = Field(primary_key=True, foreign_key="pupil.id")
    campaign_id: UUID = Field(primary_key=True, foreign_key="campaign.id")
    school_id: UUID = Field(foreign_key="school.id")
    asked_at: datetime = _time()
    reminded_at: datetime | None = _time(nullable=True)


class Wish(SQLModel, table=True):
    """What a pupil wished for with a request to talk, and what came of it.

    `chosen_id` is the adult they chose (None: the safeguarding leads), `soon` is today or week. `told` and `passed` are
    lists of staff ids in hexadecimal: who was told, and who cannot. `promise` is "", today, tomorrow or later (the next
    school day, further off), kept or not by the end of `promised_for`; `promises` counts them. `met` is "", yes or not
    yet: what the pupil said of the last one.
    """

    request_id: UUID = Field(primary_key=True, foreign_key="request.id")
    school_id: UUID = Field(foreign_key="school.id")
    chosen_id: UUID | None = Field(default=None, foreign_key="staff.id")
    soon: str = "today"
    told: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    passed: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    promise: str = ""
    promised_for: datetime | None = _time(nullable=True)
    promises: int = 0
    met: str = ""


class NudgeAsk(SQLModel, table=True):
    """That somebody who has a nudge asked a go-to of the pupil to check in with them; `answer` is "", yes or no."""

    __tablename__ = "nudge_ask"
    __table_args__ = (UniqueConstraint("flag_id", "staff_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    school_id: UUID = Field(foreign_key="school.id")
    flag_id: UUID = Field(foreign_key="flag.id")
    staff_id: UUID = Field(foreign_key="staff.id")
    asked_by: UUID = Field(foreign_key="staff.id")
    asked_at: datetime = _time()
    answer: str = ""
