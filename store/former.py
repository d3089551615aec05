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

import store.every_table  # noqa: F401 (fills the metadata)
from store import audit
from store.care_tables import Wish
from store.erasure import Erased, delete_with_dependents, take_back
from store.home_pages import forget_pages
from store.people_tables import Guardian
from store.sealing import Sealer
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
    named = naming(session, school_id, candidates) if candidates else {}
    free = candidates.difference(*named.values())
    return _let_go(session, free) if free else 0


def erase_staff(session: Session, sealer: Sealer, staff: Staff, now: datetime, actor: str) -> Erased:
    """Erase a member of staff whom nothing that is kept names, with what was written to them; the caller commits."""
    school_id, subject, names = staff.school_id, f"staff:{staff.id.hex}", [staff.id.hex]
    messages, texts = take_back(session, sealer, school_id, names, now)
    rows = texts | {"staff": _let_go(session, {staff.id})}
    audit.record(session, school_id, now, actor=actor, action="staff erased", subject=subject)
    return Erased(dict(sorted(rows.items())), messages)


def _let_go(session: Session, staff: Collection[UUID]) -> int:
    forget_pages(session, staff)
    session.exec(update(Staff).where(col(Staff.manager_id).in_(staff)).values(manager_id=None))
    session.exec(update(TutorGroup).where(col(TutorGroup.tutor_id).in_(staff)).values(tutor_id=None))
    return delete_with_dependents(session, Staff, staff)


def naming(session: Session, school_id: UUID, staff: Collection[UUID]) -> dict[str, set[UUID]]:
    """Find those of some staff whom a row that is kept names, by the table it is in."""
    found: dict[str, set[UUID]] = {}
    for table in SQLModel.metadata.sorted_tables:
        for foreign in table.foreign_keys:
            column = foreign.parent
            if foreign.column.table.name == "staff" and (table.name, column.name) not in _OF_THE_LISTS:
                rows = session.execute(select(column).where(column.in_(staff)).distinct())
                found.setdefault(table.name, set()).update(rows.scalars())
    told = session.exec(select_rows(Wish.told, Wish.passed).where(Wish.school_id == school_id))
    found.setdefault("wish", set()).update(UUID(hex=one) for lists in told for named in lists for one in named)
    return {table: people & set(staff) for table, people in found.items() if people & set(staff)}
