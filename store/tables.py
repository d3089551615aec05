"""The tables of the main store.

Columns ending in `_sealed` hold envelopes (see `store.sealing`); columns ending in `_key` hold keyed hashes to look up
by. Everything else is readable with the database alone and must say nothing of any person. `school_id` comes first in
every index of a hot table.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.database import UtcDateTime
from store.ids import new_id

Phase = Literal["young", "older"]
ROLES = ("tutor", "head_of_year", "dsl", "deputy_dsl", "head", "counsellor", "installer")
LANES = {"urgent": 0, "reply": 1, "bulk": 2}


def _id() -> Any:  # noqa: ANN401 (SQLModel's field)
    return Field(default_factory=new_id, primary_key=True)


def _time(*, nullable: bool = False, index: bool = False) -> Any:  # noqa: ANN401
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable, index=index)


def _sealed(*, nullable: bool = False) -> Any:  # noqa: ANN401
    return Field(default=None, sa_type=LargeBinary, nullable=nullable)


def _json() -> Any:  # noqa: ANN401
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class School(SQLModel, table=True):
    """One school: where and when it is, and how it wishes Earshot to behave."""

    id: UUID = _id()
    name: str
    zone: str
    nation: str
    locale: str = "en"
    calendar: dict[str, Any] = _json()
    policy: dict[str, Any] = _json()


class Staff(SQLModel, table=True):
    """A member of staff; `roles` out of ROLES, `year` for a head of year, Slack found by e-mail.

    `active` until they are no longer in the school's lists, which was at `left_at`.
    """

    __table_args__ = (UniqueConstraint("school_id", "mis_key"), UniqueConstraint("school_id", "email_key"))

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    mis_key: bytes = _sealed()
    name_sealed: bytes = _sealed()
    email_sealed: bytes = _sealed()
    email_key: bytes = _sealed()
    slack_user_sealed: bytes | None = _sealed(nullable=True)
    slack_user_key: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True, index=True)
    roles: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    year: int | None = None
    manager_id: UUID | None = Field(default=None, foreign_key="staff.id")
    active: bool = True
    home_opened_at: datetime | None = _time(nullable=True)
    left_at: datetime | None = _time(nullable=True)


class TutorGroup(SQLModel, table=True):
    """A tutor group such as 7B, and who its tutor is."""

    __tablename__ = "tutor_group"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    name: str
    year: int
    tutor_id: UUID | None = Field(default=None, foreign_key="staff.id", index=True)


class Pupil(SQLModel, table=True):
    """A pupil; `status` is invited, active, stopped or left; then `status_before` is what it was, `left_at` when.

    `held` while a guardian has their check-ins stopped.
    """

    __table_args__ = (UniqueConstraint("school_id", "mis_key"), Index("ix_pupil_group", "school_id", "group_id"))

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    mis_key: bytes = _sealed()
    name_sealed: bytes = _sealed()
    group_id: UUID = Field(foreign_key="tutor_group.id")
    phase: str
    language: str = "en"
    status: str = "invited"
    status_before: str | None = None
    left_at: datetime | None = _time(nullable=True)
    held: bool = False
    unreachable_since: datetime | None = _time(nullable=True)


class Invite(SQLModel, table=True):
    """A join code, kept only as a keyed hash; single use, expiring."""

    __table_args__ = (UniqueConstraint("school_id", "code_key"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id", index=True)
    code_key: bytes = _sealed()
    expires_at: datetime = _time()
    used_at: datetime | None = _time(nullable=True)


class Binding(SQLModel, table=True):
    """Which chat is a pupil's: a keyed hash to find the pupil by, the sealed chat id to send to."""

    __table_args__ = (UniqueConstraint("school_id", "chat_key"),)

    pupil_id: UUID = Field(primary_key=True, foreign_key="pupil.id")
    school_id: UUID = Field(foreign_key="school.id")
    chat_key: bytes = _sealed()
    chat_sealed: bytes = _sealed()

    @property
    def id(self) -> UUID:
        return self.pupil_id


class Attempt(SQLModel, table=True):
    """How many wrong join codes a chat has tried since `since`."""

    __table_args__ = (Index("ix_attempt_since", "school_id", "since"),)

    school_id: UUID = Field(primary_key=True, foreign_key="school.id")
    chat_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    tries: int = 0
    since: datetime = _time()


class Wave(SQLModel, table=True):
    """One round of check-ins for the whole school; one a school a day."""

    __table_args__ = (UniqueConstraint("school_id", "day"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    day: str
    number: int
    opens_at: datetime = _time()
    remind_at: datetime | None = _time(nullable=True)
    closes_at: datetime = _time()
    bank_version: str
    state: str = "open"


class CheckIn(SQLModel, table=True):
    """One pupil's check-in of one wave, pinned to a version of the item bank and to the wording of the pupil's `phase`.

    `state`: open, answered, partial, missed, undelivered (it never reached the phone), absent (missed by who was not at
    school), cut_off (missed in an outage), replaced (another opened before this one's time was up). The answers are one
    sealed blob.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        UniqueConstraint("wave_id", "pupil_id"),
        Index("ix_check_in_group", "school_id", "wave_id", "group_id", "state"),
        Index("ix_check_in_pupil", "school_id", "pupil_id", "opened_at"),
    )

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    wave_id: UUID = Field(foreign_key="wave.id")
    pupil_id: UUID = Field(foreign_key="pupil.id")
    group_id: UUID = Field(foreign_key="tutor_group.id")
    bank_version: str
    phase: str
    state: str = "open"
    opened_at: datetime = _time()
    ended_at: datetime | None = _time(nullable=True)
    answers_sealed: bytes | None = _sealed(nullable=True)
    words_sealed: bytes | None = _sealed(nullable=True)


class Flag(SQLModel, table=True):
    """A pupil whose pattern changed, and what became of the nudge: new, taken, snoozed, not_needed, done.

    `owner_id` is whose decision that was; of one that is new, who passed it to the safeguarding leads, if anybody did.
    """

    __table_args__ = (
        Index("ix_flag_group", "school_id", "group_id", "state"),
        Index("ix_flag_pupil", "school_id", "pupil_id", "raised_at"),
    )

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id")
    group_id: UUID = Field(foreign_key="tutor_group.id")
    check_in_id: UUID = Field(foreign_key="check_in.id", unique=True)
    rule: str
    reasons_sealed: bytes = _sealed()
    state: str = "new"
    version: int = 0
    raised_at: datetime = _time()
    owner_id: UUID | None = Field(default=None, foreign_key="staff.id")
    decided_at: datetime | None = _time(nullable=True)
    snoozed_until: datetime | None = _time(nullable=True)
    # Of `store.rights_tables.Contest`: "open" or "withdrawn" leave it out of every count.
    contested: str | None = None


class Request(SQLModel, table=True):
    """A pupil asks for an adult: open until a member of staff owns it, owned until they have talked, then done."""

    __table_args__ = (Index("ix_request_state", "school_id", "state"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    pupil_id: UUID = Field(foreign_key="pupil.id", index=True)
    danger: bool = False
    state: str = "open"
    asked_at: datetime = _time()
    owner_id: UUID | None = Field(default=None, foreign_key="staff.id")
    owned_at: datetime | None = _time(nullable=True)


class Escalation(SQLModel, table=True):
    """The climb of one thing that waits: the ladder as it stood when the climb began, and the next step.

    It is of a flag or of a request. `state` is open (it climbs), owned or closed. `step` is due when `waits` minutes of
    the ladder's clock have passed since `since`. `version` moves with every change, so that a step set before it does
    nothing.
    """

    __table_args__ = (Index("ix_escalation_state", "school_id", "state"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    flag_id: UUID | None = Field(default=None, foreign_key="flag.id", unique=True)
    request_id: UUID | None = Field(default=None, foreign_key="request.id", unique=True)
    kind: str
    ladder: dict[str, Any] = _json()
    state: str = "open"
    step: int = 0
    version: int = 0
    opened_at: datetime = _time()
    since: datetime = _time()
    waits: int = 0
    owner_id: UUID | None = Field(default=None, foreign_key="staff.id")
    lapses_at: datetime | None = _time(nullable=True)
    overdue: int = 0


class Conversation(SQLModel, table=True):
    """Where a pupil's conversation stands, sealed."""

    pupil_id: UUID = Field(primary_key=True, foreign_key="pupil.id")
    school_id: UUID = Field(foreign_key="school.id")
    version: int = 0
    data_sealed: bytes = _sealed()

    @property
    def id(self) -> UUID:
        return self.pupil_id


class Outbox(SQLModel, table=True):
    """A message to be sent: what and to whom (sealed), when, how often tried, and who is sending it now.

    `state`: waiting, sent, expired (too late to be of use), failed (refused for good), replaced (a later edit of the
    same message overtook it). `recipient` is "pupil:HEX", "guardian:HEX", "staff:HEX" or "" when the sealed payload
    names the chat.
    """

    __table_args__ = (
        Index(
            "ix_outbox_waiting",
            "school_id",
            "network",
            "lane",
            "not_before",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_outbox_done", "school_id", "done_at"),
    )

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    network: str
    lane: int
    method: str
    recipient: str
    slot: str | None = None
    dedupe: str = Field(unique=True)
    payload_sealed: bytes = _sealed()
    not_before: datetime = _time()
    expires_at: datetime | None = _time(nullable=True)
    attempts: int = 0
    leased_by: str | None = None
    lease_until: datetime | None = _time(nullable=True)
    state: str = "waiting"
    last_error: str | None = None
    done_at: datetime | None = _time(nullable=True)


class Posted(SQLModel, table=True):
    """Where the message of a slot lies on its network (chat and message id, sealed), so that it can be edited."""

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    slot: str = Field(unique=True)
    ref_sealed: bytes = _sealed()


class Due(SQLModel, table=True):
    """Work that falls due: `kind` names the job, `subject` what it is about; one row for each pair.

    `version` is that of the thing it was set for: a job whose thing has moved on does nothing. A row goes when its job
    has run; one that failed too often stays, with `state` failed, for staff to see.
    """

    __table_args__ = (
        UniqueConstraint("school_id", "kind", "subject"),
        Index(
            "ix_due_waiting",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    kind: str
    subject: str
    due_at: datetime = _time()
    version: int = 0
    attempts: int = 0
    state: str = "waiting"
    last_error: str | None = None


class Cursor(SQLModel, table=True):
    """How far something has been read: a bot's update offset, when updates could be fetched, a Home tab's page.

    The rehearsal clock's shift too.
    """

    name: str = Field(primary_key=True)
    position: int = Field(default=0, sa_type=BigInteger)


class Seen(SQLModel, table=True):
    """A delivery already dealt with (webhook updates, Slack events), so that a repeat changes nothing."""

    __table_args__ = (Index("ix_seen_at", "at"),)

    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    at: datetime = _time()


class Failure(SQLModel, table=True):
    """An event that could not be handled: its type and the kind of error, never its content."""

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    at: datetime = _time()
    event: str
    error: str


class Audit(SQLModel, table=True):
    """Who did what, append-only; each row's hash covers the one before."""

    __table_args__ = (UniqueConstraint("school_id", "number"),)

    id: UUID = _id()
    school_id: UUID = Field(foreign_key="school.id")
    number: int
    at: datetime = _time()
    actor: str
    action: str
    subject: str
    previous: bytes = _sealed()
    hash: bytes = _sealed()

    GENESIS: ClassVar[bytes] = bytes(32)
