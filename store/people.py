"""Pupils and their phones, staff and their Slack: who is who, found by keyed hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from store.database import is_postgresql
from store.invites import Lookup
from store.people_tables import Guardian
from store.sealing import Sealer, Unreadable
from store.tables import Binding, Conversation, Pupil, Staff, TutorGroup

UNNAMED: Final = "?"


@dataclass
class Correspondent:
    """A pupil locked for one step, with their phone and where their conversation stands (plain data).

    With `unreadable` the state could not be opened, and is empty: the conversation starts again.
    """

    pupil: Pupil
    chat_id: int
    conversation: Conversation | None
    state: dict[str, Any]
    unreadable: bool = False


Known = dict[int, tuple[Pupil, Conversation]]
"""Pupils locked for a batch, and where their conversations stand, by chat id."""


def chat_key(sealer: Sealer, chat_id: int) -> bytes:
    return sealer.blind("chat", chat_id)


def by_chat(session: Session, sealer: Sealer, school_id: UUID, chat_id: int) -> Correspondent | None:
    """Find and lock the pupil of a chat; None for a chat that has not joined."""
    mine = {"school_id": school_id, "chat_key": chat_key(sealer, chat_id)}
    found = _found(session, _LOCK_BY_CHAT, _BY_CHAT, mine).first()
    return _correspondent(sealer, found, chat_id) if found else None


def by_chats(session: Session, sealer: Sealer, school_id: UUID, chat_ids: Iterable[int]) -> Known:
    """Find and lock at once those pupils of some chats whose conversation has begun: what `known` below takes.

    It holds until a chat is tied to another pupil.
    """
    chats = {chat_key(sealer, chat_id): chat_id for chat_id in chat_ids}
    these = {"school_id": school_id, "chat_keys": list(chats)}
    rows = _found(session, _LOCK_BY_CHATS, _BY_CHATS, these).all()
    return {chats[key]: (pupil, conversation) for pupil, conversation, key in rows}


def of_known(sealer: Sealer, known: Known, chat_id: int) -> Correspondent | None:
    """Give one of those found at once, as their conversation stands now; None for any other chat."""
    found = known.get(chat_id)
    return _correspondent(sealer, found, chat_id) if found else None


def by_pupil(session: Session, sealer: Sealer, pupil_id: UUID) -> Correspondent | None:
    """Find and lock a pupil who has a phone; None for one who has not joined."""
    found = _found(session, _LOCK_BY_PUPIL, _BY_PUPIL, {"pupil_id": pupil_id}).first()
    if not found:
        return None
    pupil, conversation, binding = found
    return _correspondent(sealer, (pupil, conversation), sealer.read(binding, "chat"))


def of_invite(session: Session, sealer: Sealer, pupil_id: UUID, chat_id: int) -> Correspondent:
    """Lock the pupil of a code, who may have no phone, or have given it on, as if this chat were theirs."""
    found = _found(session, _LOCK_BY_PUPIL, _BY_CODE, {"pupil_id": pupil_id}).one()
    return _correspondent(sealer, found, chat_id)


# Made once, for they are asked at every update. `_LOCK_…` is for PostgreSQL.
_OF_CHAT = (
    col(Binding.school_id) == bindparam("school_id"),
    col(Binding.chat_key) == bindparam("chat_key"),
)
_OF_PUPIL = col(Pupil.id) == bindparam("pupil_id")
_BY_CHAT = (
    select(Pupil, Conversation)
    .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
    .join(Conversation, col(Conversation.pupil_id) == col(Pupil.id), isouter=True)
    .where(*_OF_CHAT)
)
_BY_PUPIL = (
    select(Pupil, Conversation, Binding)
    .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
    .join(Conversation, col(Conversation.pupil_id) == col(Pupil.id), isouter=True)
    .where(_OF_PUPIL)
)
_BY_CODE = (
    select(Pupil, Conversation)
    .join(Conversation, col(Conversation.pupil_id) == col(Pupil.id), isouter=True)
    .where(_OF_PUPIL)
)
_LOCK_BY_CHAT = (
    select(Pupil.id).join(Binding, col(Binding.pupil_id) == col(Pupil.id)).where(*_OF_CHAT).with_for_update(of=Pupil)
)
_OF_CHATS = (
    col(Binding.school_id) == bindparam("school_id"),
    col(Binding.chat_key).in_(bindparam("chat_keys", expanding=True)),
)
_BY_CHATS = (
    select(Pupil, Conversation, Binding.chat_key)
    .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
    .join(Conversation, col(Conversation.pupil_id) == col(Pupil.id))
    .where(*_OF_CHATS)
)
# In one order, so that two processes never wait for each other.
_LOCK_BY_CHATS = (
    select(Pupil.id)
    .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
    .where(*_OF_CHATS)
    .order_by(col(Pupil.id))
    .with_for_update(of=Pupil)
)
_LOCK_BY_PUPIL = select(Pupil.id).where(_OF_PUPIL).with_for_update(of=Pupil)


def _found(session: Session, lock: Any, statement: Any, which: dict[str, Any]) -> Any:  # noqa: ANN401 (selects, rows)
    if not is_postgresql(session.get_bind()):
        # SQLite's transactions begin as writers: the whole store is locked already. What else this transaction has yet
        # to write need not go first, for `bind` and `save_state` have written what this looks at.
        return session.exec(statement, params=which, execution_options={"autoflush": False})
    # PostgreSQL waits for the lock in a statement of its own: one that also loaded the conversation would show it as it
    # was before the wait.
    session.exec(lock, params=which).all()
    return session.exec(statement, params=which, execution_options={"populate_existing": True})


def _correspondent(sealer: Sealer, found: tuple[Pupil, Conversation | None], chat_id: int) -> Correspondent:
    pupil, conversation = found
    try:
        state = sealer.read(conversation, "data") if conversation else {}
    except Unreadable:
        return Correspondent(pupil, chat_id, conversation, {}, unreadable=True)
    return Correspondent(pupil, chat_id, conversation, state)


def save_state(session: Session, sealer: Sealer, who: Correspondent, state: dict[str, Any], version: int) -> None:
    """Put away where the conversation stands after a step."""
    first = who.conversation is None
    if who.conversation is None:
        who.conversation = Conversation(pupil_id=who.pupil.id, school_id=who.pupil.school_id)
    who.conversation.version = version
    sealer.write(who.conversation, "data", state)
    who.state = state
    session.add(who.conversation)
    if first:
        session.flush()


def bind(session: Session, sealer: Sealer, found: Lookup, chat_id: int, now: datetime) -> int | None:
    """Tie a chat to the pupil of a valid code and spend the code.

    Returns the chat id of the pupil's former phone when there was another one, which is no longer theirs.
    """
    assert found.invite is not None  # noqa: S101 (only valid look-ups come here)
    found.invite.used_at = now
    session.add(found.invite)
    key = chat_key(sealer, chat_id)
    # One phone, one pupil: a chat that belonged to another pupil (a sibling's phone) moves.
    other = session.exec(
        select(Binding).where(Binding.school_id == found.invite.school_id, Binding.chat_key == key)
    ).first()
    if other and other.pupil_id != found.invite.pupil_id:
        session.delete(other)
        session.flush()
    binding = session.get(Binding, found.invite.pupil_id)
    former = None
    if binding is None:
        binding = Binding(pupil_id=found.invite.pupil_id, school_id=found.invite.school_id)
    elif binding.chat_key != key:
        former = sealer.read(binding, "chat")
    binding.chat_key = key
    sealer.write(binding, "chat", chat_id)
    session.add(binding)
    session.flush()
    return former


def staff_by_slack(session: Session, sealer: Sealer, school_id: UUID, slack_user: str) -> Staff | None:
    """Find the member of staff a Slack user is; None if there is none, or they have left."""
    return session.exec(
        select(Staff).where(
            Staff.slack_user_key == sealer.blind("slack", slack_user),
            Staff.school_id == school_id,
            col(Staff.active).is_(True),
        )
    ).first()


def link_slack(session: Session, sealer: Sealer, school_id: UUID, slack_user: str, email: str) -> Staff | None:
    """Tie a Slack user to the member of staff with the same e-mail address; None if nobody has it."""
    staff = session.exec(
        select(Staff).where(
            Staff.school_id == school_id,
            Staff.email_key == sealer.blind("email", email.strip().lower()),
            col(Staff.active).is_(True),
        )
    ).first()
    if staff is None:
        return None
    key = sealer.blind("slack", slack_user)
    # One Slack user, one member of staff: an account given on to somebody else is no longer the first one's.
    session.exec(
        update(Staff)
        .where(col(Staff.school_id) == school_id, col(Staff.slack_user_key) == key, col(Staff.id) != staff.id)
        .values(slack_user_key=None, slack_user_sealed=None)
    )
    sealer.write(staff, "slack_user", slack_user)
    staff.slack_user_key = key
    session.add(staff)
    return staff


def with_role(session: Session, school_id: UUID, *roles: str) -> list[Staff]:
    """List active staff who hold any of the roles."""
    everyone = session.exec(select(Staff).where(Staff.school_id == school_id, col(Staff.active).is_(True))).all()
    return [staff for staff in everyone if set(staff.roles) & set(roles)]


def tutor_of(session: Session, group_id: UUID) -> Staff | None:
    """Find the tutor of a group, if it has one who is still here."""
    group = session.get(TutorGroup, group_id)
    staff = session.get(Staff, group.tutor_id) if group and group.tutor_id else None
    return staff if staff and staff.active else None


def name_of(sealer: Sealer, person: Pupil | Staff | Guardian) -> str:
    """Read somebody's name; UNNAMED for one that does not open, so that it holds up nothing that is about them.

    The next import of the school's list mends it.
    """
    envelope = person.name_sealed
    name = sealer.open_if_whole(str(person.__tablename__), "name", person.id, envelope) if envelope else None
    return UNNAMED if name is None else str(name)


def initials(name: str) -> str:
    """Shorten a name for places where history lasts: "Ada Lovelace" becomes "A.L."."""
    return name if name == UNNAMED else "".join(f"{part[0]}." for part in name.split()[:3])
