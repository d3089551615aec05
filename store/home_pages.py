"""On which page of their Home tab somebody is: its number alone, so that what they did not cause keeps them there."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete

from store.tables import Cursor


def page_of(session: Session, staff_id: UUID) -> int:
    """Give the page, from 0, that somebody turned to since they last opened their Home tab."""
    cursor = session.get(Cursor, _name(staff_id))
    return cursor.position if cursor is not None else 0


def keep_page(session: Session, staff_id: UUID, page: int) -> None:
    """Keep the page somebody turned to; of the first nothing is kept."""
    cursor = session.get(Cursor, _name(staff_id))
    if not page:
        if cursor is not None:
            session.delete(cursor)
        return
    if cursor is None:
        try:
            with session.begin_nested():
                session.add(Cursor(name=_name(staff_id), position=page))
            return
        except IntegrityError:
            # Pressed twice at once: the later one counts.
            cursor = session.get_one(Cursor, _name(staff_id))
    cursor.position = page
    session.add(cursor)


def forget_pages(session: Session, staff: Collection[UUID]) -> None:
    """Forget the pages of staff who are forgotten."""
    session.exec(delete(Cursor).where(col(Cursor.name).in_([_name(one) for one in staff])))


def _name(staff_id: UUID) -> str:
    return f"home:{staff_id.hex}"
