"""Staff and guardians who are in the school's lists no more: forgetting them once nothing needs their names.

Who dealt with something is part of it: a member of staff stays for as long as anything that is kept names them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col, update
from sqlmodel import select as select_rows

from store.care_tables import Wish
from store.erasure import delete_with_dependents
from store.people_tables import Guardian
from store.tables import Staff, TutorGroup

# What points at a member of staff and holds nobody back: the lists' own words, which are let go of, and their own row.
_OF_THE_LISTS: Final = frozenset({("staff", "manager_id"), ("tutor_group", "tutor_id"), ("go_to_refusal", "staff_id")})


def forget_guardians(session: Session, school_id: UUID, before: datetime) -> int:
    """Delete the guardians who left before a moment, with their codes and chats; returns how many."""
    gone = select_rows(Guardian.id).where(
        Guardian.school_id == school_id, col(Guardian.active).is_(False), col(Guardian.left_at) < before
    )
    return delete_with_dependents(session, Guardian, session.exec(gone).all())


def forget_staff(session: Session, school_id: UUID, before: datetime) -> int:
    """Delete the staff who left before a moment and whom nothing that is kept names; returns how many."""
    gone = select_rows(Staff.id).where(
        Staff.school_id == school_id, col(Staff.active).is_(False), col(Staff.left_at) < before
    )
    candidates = set(session.exec(gone).all())
    free = candidates - _named(session, school_id, candidates) if candidates else candidates
    if not free:
        return 0
    session.exec(update(Staff).where(col(Staff.manager_id).in_(free)).values(manager_id=None))
    session.exec(update(TutorGroup).where(col(TutorGroup.tutor_id).in_(free)).values(tutor_id=None))
    return delete_with_dependents(session, Staff, free)


def _named(session: Session, school_id: UUID, staff: Collection[UUID]) -> set[UUID]:
    """Find those of some staff whom a row that is kept names."""
    found: set[UUID] = set()
    for table in SQLModel.metadata.sorted_tables:
        for foreign in table.foreign_keys:
            column = foreign.parent
            if foreign.column.table.name == "staff" and (table.name, column.name) not in _OF_THE_LISTS:
                found |= set(session.execute(select(column).where(column.in_(staff)).distinct()).scalars())
    told = session.exec(select_rows(Wish.told, Wish.passed).where(Wish.school_id == school_id))
    return found | {UUID(hex=one) for lists in told for named in lists for one in named}
