"""Until when something that is kept names a member of staff, who stays for as long: who dealt with it is part of it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, SQLModel, col, select

from scheduling.retention import days_of
from store.care_tables import Wish
from store.tables import Request, Staff

# The clocks a table's rows may go by, and the column these begin at. What goes with a nudge goes no later than that.
_CLOCKS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "absence": (("absences",), "ends_at"),
    "contest": (("nudges",), "at"),
    "copy_request": (("requests",), "asked_at"),
    "escalation": (("nudges", "requests"), "opened_at"),
    "flag": (("nudges",), "raised_at"),
    "go_to": (("go_tos",), "until"),
    "nudge_ask": (("nudges",), "asked_at"),
    "one_to_one": (("one_to_ones",), "made_at"),
    "plan": (("nudges", "plans"), "made_at"),
    "request": (("requests",), "asked_at"),
}


def named_until(session: Session, policy: dict[str, Any], staff: Staff, tables: Collection[str]) -> datetime | None:
    """Say by when the rows of some tables that name somebody will all have gone; None while one of them has no end.

    A request that nobody owns and a go-to that still stands have none.
    """
    ends: list[datetime | None] = []
    for name in set(tables) - {"wish"}:
        table, (clocks, column) = SQLModel.metadata.tables[name], _CLOCKS[name]
        naming = [one.parent for one in table.foreign_keys if one.column.table.name == "staff"]
        days = max(days_of(policy, clock) for clock in clocks)
        for (begun,) in session.execute(
            table.select().with_only_columns(table.c[column]).where(or_(*(one == staff.id for one in naming)))
        ):
            ends.append(begun and begun + timedelta(days=days))
    days = days_of(policy, "requests")
    for wish, request in _wishes(session, staff.school_id):
        if wish.chosen_id == staff.id or staff.id.hex in (*wish.told, *wish.passed):
            ends.append(None if request.state == "open" else request.asked_at + timedelta(days=days))
    known = [one for one in ends if one is not None]
    return max(known) if known and len(known) == len(ends) else None


def _wishes(session: Session, school_id: UUID) -> Collection[tuple[Wish, Request]]:
    both = select(Wish, Request).join(Request, col(Request.id) == col(Wish.request_id))
    return session.exec(both.where(Wish.school_id == school_id)).all()
