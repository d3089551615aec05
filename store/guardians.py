"""Guardians and their own chats: who a chat is, and whose check-ins they may stop.

A guardian's chat is never also a pupil's: whoever holds a pupil's phone must not have a guardian's say.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from store.guardian_tables import GuardianBinding, GuardianInvite
from store.people import chat_key, name_of
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Pupil


def by_chat(session: Session, sealer: Sealer, school_id: UUID, chat_id: int) -> Guardian | None:
    """Find the guardian of a chat; None for any other chat, and for one no longer in the school's lists. Only reads."""
    return session.exec(
        select(Guardian)
        .join(GuardianBinding, col(GuardianBinding.guardian_id) == col(Guardian.id))
        .where(GuardianBinding.school_id == school_id, GuardianBinding.chat_key == chat_key(sealer, chat_id))
        .where(col(Guardian.active).is_(True))
    ).first()


def children_of(session: Session, sealer: Sealer, guardian: Guardian) -> list[tuple[Pupil, str]]:
    """List the pupils of a guardian who are at the school, each with their name, by name. Only reads."""
    pupils = session.exec(
        select(Pupil)
        .join(Guardianship, col(Guardianship.pupil_id) == col(Pupil.id))
        .where(Guardianship.guardian_id == guardian.id, Guardianship.school_id == guardian.school_id)
        .where(Pupil.school_id == guardian.school_id, Pupil.status != "left")
    ).all()
    return sorted(((one, name_of(sealer, one)) for one in pupils), key=lambda pair: (pair[1], pair[0].id))


def bind(session: Session, sealer: Sealer, invite: GuardianInvite, chat_id: int, now: datetime) -> int | None:
    """Tie a chat to the guardian of a valid code and spend the code.

    Returns the chat id of the guardian's former phone when there was another one, which is no longer theirs.
    """
    invite.used_at = now
    session.add(invite)
    key = chat_key(sealer, chat_id)
    other = session.exec(
        select(GuardianBinding).where(GuardianBinding.school_id == invite.school_id, GuardianBinding.chat_key == key)
    ).first()
    if other and other.guardian_id != invite.guardian_id:
        session.delete(other)
        session.flush()
    binding = session.get(GuardianBinding, invite.guardian_id)
    former = None
    if binding is None:
        binding = GuardianBinding(guardian_id=invite.guardian_id, school_id=invite.school_id)
    elif binding.chat_key != key:
        former = sealer.read(binding, "chat")
    binding.chat_key = key
    sealer.write(binding, "chat", chat_id)
    session.add(binding)
    session.flush()
    return former
