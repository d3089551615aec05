"""What the whisper path reads of the main store, and never writes: language, nation, and where words are awaited.

Plain selects without a lock: on PostgreSQL a lock on a row is written into the row, and would say who was here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.runner import person_of
from conversations.model import Person, State
from scheduling.school import SchoolFacts
from store.people import chat_key, with_role
from store.sealing import Sealer, Unreadable
from store.tables import Binding, Conversation, Pupil
from store.whisper_desk import reader_id

READERS = ("dsl", "deputy_dsl")


@dataclass(frozen=True)
class Known:
    """A pupil's chat, as far as Whisper needs it; `leads` are pairs of a reader's id in hexadecimal and a name."""

    person: Person
    state: State
    school: SchoolFacts
    leads: tuple[tuple[str, str], ...]


def reading(session: Session) -> Session:
    """Begin a transaction that only reads: no lock, and nothing of it is written anywhere. Call it first."""
    session.connection(execution_options={"reading": True})
    return session


def look(session: Session, sealer: Sealer, school: SchoolFacts, chat_id: int, now: datetime) -> Known | None:
    """Read what is known of a chat; None for one that has not joined. Reads only."""
    found = session.exec(
        select(Pupil, Conversation)
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
        .join(Conversation, col(Conversation.pupil_id) == col(Pupil.id), isouter=True)
        .where(Binding.school_id == school.id, Binding.chat_key == chat_key(sealer, chat_id))
    ).first()
    if found is None:
        return None
    pupil, conversation = found
    try:
        state = State.from_json(sealer.read(conversation, "data") if conversation else {})
    except (Unreadable, AttributeError, KeyError, TypeError, ValueError):
        state = State()
    return Known(person_of(school, pupil, now), state, school, leads(session, sealer, school))


def leads(session: Session, sealer: Sealer, school: SchoolFacts) -> tuple[tuple[str, str], ...]:
    """List those who read whispers: pairs of a reader's id in hexadecimal and a name, by name."""
    found = [
        (reader_id(sealer, staff.id.hex).hex(), str(sealer.read(staff, "name")))
        for staff in with_role(session, school.id, *READERS)
    ]
    return tuple(sorted(found, key=lambda one: one[1]))
