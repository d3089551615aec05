"""What the whisper path reads of the main store, and never writes: language, nation, and where words are awaited.

Plain selects without a lock: on PostgreSQL a lock on a row is written into the row, and would say who was here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot import text
from bot.runner import person_of
from conversations.danger_words import sounds_like_danger
from conversations.model import Person, State
from conversations.router import is_unprompted
from scheduling.school import SchoolFacts, next_in_school
from store import guardians
from store.people import chat_key, name_of, with_role
from store.sealing import Sealer, Unreadable
from store.tables import Binding, Conversation, Pupil
from store.whisper_desk import reader_id

READERS = ("dsl", "deputy_dsl")


@dataclass(frozen=True)
class Known:
    """A pupil's or a parent's chat, as far as Whisper needs it; `person` and `state` are a pupil's alone.

    `reads_at` is when staff read next, None in school hours; `leads` are pairs of a reader's id in hexadecimal and a
    name. Which of the two they are is known here, to choose words by, and goes no further.
    """

    language: str
    reads_at: datetime | None
    school: SchoolFacts
    leads: tuple[tuple[str, str], ...]
    person: Person | None = None
    state: State | None = None

    @property
    def is_parent(self) -> bool:
        return self.person is None

    @property
    def check_in(self) -> str:
        """The id of the check-in that is open, "" for none."""
        taking_part = self.person is not None and self.person.status == "active"
        return self.state.check_in.check_in if taking_part and self.state and self.state.check_in else ""

    def meets_nothing(self, words: str) -> bool:
        """Say whether nothing waits for what they typed. Words of danger are the main path's: they get its help."""
        if self.person is None:
            return not sounds_like_danger(words)
        return is_unprompted(self.state or State(), words, self.person)


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
        return _parent(session, sealer, school, chat_id, now)
    pupil, conversation = found
    try:
        state = State.from_json(sealer.read(conversation, "data") if conversation else {})
    except (Unreadable, AttributeError, KeyError, TypeError, ValueError):
        state = State()
    person = person_of(school, pupil, now)
    return Known(person.language, person.talk_when, school, leads(session, sealer, school), person, state)


def _parent(session: Session, sealer: Sealer, school: SchoolFacts, chat_id: int, now: datetime) -> Known | None:
    guardian = guardians.by_chat(session, sealer, school.id, chat_id)
    if guardian is None or not guardians.children_of(session, sealer, guardian):
        return None
    language = guardian.language if guardian.language in text.languages() else school.locale
    return Known(language, next_in_school(school, now), school, leads(session, sealer, school))


def leads(session: Session, sealer: Sealer, school: SchoolFacts) -> tuple[tuple[str, str], ...]:
    """List those who read whispers: pairs of a reader's id in hexadecimal and a name, by name."""
    found = [
        (reader_id(sealer, staff.id.hex).hex(), name_of(sealer, staff))
        for staff in with_role(session, school.id, *READERS)
    ]
    return tuple(sorted(found, key=lambda one: one[1]))
