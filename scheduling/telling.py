"""Telling several people the same: one whose address does not open keeps none of the others from hearing."""

from typing import Any

from sqlmodel import Session

from conversations.cards import Card
from scheduling.briefing import post_card
from scheduling.school import SchoolFacts
from store.sealing import Sealer, Unreadable
from store.tables import Failure, Staff


def could_post(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    staff: Staff,
    card: Card,
    *,
    event: str = "card",
    **how: Any,  # noqa: ANN401 (as `scheduling.briefing.post_card` takes them)
) -> bool:
    """Write one card to one of several; False, and it is noted as a failure of `event`, when no address opens."""
    try:
        with session.begin_nested():
            post_card(session, sealer, school, staff, card, **how)
            session.flush()
    except Unreadable:
        session.add(Failure(school_id=school.id, at=how["now"], event=event, error="Unreadable"))
        return False
    return True
