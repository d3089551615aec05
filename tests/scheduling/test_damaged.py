"""A row that does not open: the child it is about is heard of all the same, and nobody else waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, SQLModel, delete

from scheduling import auditor, cases
from scheduling.briefing import home
from store.care_tables import Wish
from store.due import set_due
from store.plan_tables import Plan
from store.plans import make
from store.sealing import Sealer
from store.tables import Due, Escalation, Failure, Flag, Pupil, Request, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import NOW, make_staff

ROBIN, SASHA = 7_000_000_001, 7_000_000_002
DAMAGED = b"\x01 not an envelope"


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def damaged(room: Classroom, row: SQLModel, *columns: str) -> None:
    for column in columns:
        setattr(row, f"{column}_sealed", DAMAGED)
    room.session.add(row)
    room.session.commit()


def asks(room: Classroom, chat: int = ROBIN, chosen: Staff | None = None) -> Request:
    """A pupil calls for help, or asks for an adult."""
    request = Request(school_id=room.school.id, pupil_id=room.pupil(chat).id, danger=chosen is None, asked_at=NOW)
    room.session.add(request)
    room.session.flush()
    if chosen is not None:
        wish = Wish(request_id=request.id, school_id=room.school.id, chosen_id=chosen.id, soon="today")
        room.session.add(wish)
    cases.begin(room.session, room.school, request, "danger" if chosen is None else "today", NOW)
    room.session.commit()
    return request


def flagged(room: Classroom, chat: int = ROBIN) -> Flag:
    return room.flag(room.pupil(chat))


def told(room: Classroom) -> list[str]:
    names = {f"staff:{one.id.hex}": one for one in room.rows(Staff)}
    return [names[row.recipient].roles[0] for row in room.outbox(network="slack", method="post")]


def test_a_child_in_danger_whose_name_does_not_open_is_told_of_at_once(room: Classroom):
    request = asks(room)
    damaged(room, room.session.get_one(Pupil, request.pupil_id), "name")
    room.run_due()
    assert told(room) == ["dsl"]
    (card,) = (room.payload(row)["card"] for row in room.outbox(network="slack"))
    assert card["title"]["p"] == {"pupil": "?", "group": "7B"}
    assert room.failures() == []


def test_an_adult_whose_name_does_not_open_is_asked_all_the_same(room: Classroom):
    damaged(room, room.tutor, "name")
    asks(room, chosen=room.tutor)
    room.run_due()
    assert told(room) == ["tutor"]


def test_a_nudge_whose_reasons_do_not_open_comes_and_says_so(room: Classroom):
    damaged(room, flagged(room), "reasons")
    room.run_due()
    assert told(room) == ["tutor"]
    (row,) = room.outbox(network="slack")
    assert "Why it came cannot be read any more." in str(room.payload(row)["card"])


def test_a_nudge_climbs_on_whatever_became_of_its_plan(room: Classroom):
    flag = flagged(room)
    plan: Plan = make(
        room.session,
        room.sealer,
        school_id=room.school.id,
        group_id=room.group.id,
        owner_id=room.tutor.id,
        action="",
        due_at=NOW,
        now=NOW,
        flag=flag,
    )
    damaged(room, plan, "content")
    room.run_due()
    assert told(room) == ["tutor"]


def test_a_slack_account_that_does_not_open_is_looked_up_by_the_address(room: Classroom):
    room.lead.slack_user_key = room.sealer.blind("slack", "U1")
    damaged(room, room.lead, "slack_user")
    asks(room)
    room.run_due()
    (row,) = room.outbox(network="slack")
    assert room.payload(row)["email"] == room.sealer.read(room.lead, "email")


def test_a_wish_for_an_adult_whose_address_does_not_open_goes_to_the_next_at_once(room: Classroom):
    chosen = make_staff(room.session, room.sealer, room.school, "counsellor")
    damaged(room, chosen, "email")
    asks(room, chosen=chosen)
    room.run_due()
    assert told(room) == ["tutor"]


def test_the_home_tab_of_a_lead_shows_what_there_is(room: Classroom):
    request, flag = asks(room), flagged(room, SASHA)
    damaged(room, room.session.get_one(Pupil, request.pupil_id), "name")
    damaged(room, flag, "reasons")
    shown = str(home(room.session, room.sealer, room.school, room.lead, NOW))
    assert "'pupil', '?'" in shown


def test_one_case_that_cannot_be_done_keeps_the_auditor_from_no_other(room: Classroom):
    lost, _fine = asks(room), asks(room, SASHA)
    room.session.exec(delete(Due))
    case = next(one for one in room.rows(Escalation) if one.request_id == lost.id)
    # What it is about is not there any more.
    case.request_id = None
    room.session.add(case)
    room.clock.move(minutes=30)
    room.session.commit()
    both = {one.id for one in room.rows(Escalation)}
    found, mended = auditor.mend(room.session, room.sealer, room.school, both, room.clock())
    room.session.commit()
    assert (found, mended, told(room)) == (set(), 1, ["dsl"])
    assert sorted(row.error for row in room.rows(Failure)) == ["AssertionError", "done again"]


def test_a_case_whose_ladder_cannot_be_read_climbs_the_usual_one(room: Classroom):
    asks(room)
    (case,) = room.rows(Escalation)
    case.ladder = {"rungs": "none"}
    room.session.add(case)
    room.session.commit()
    room.run_due()
    assert told(room) == ["dsl"]
    assert auditor.standing(room.session, room.sealer, room.school, NOW).open == 1


def test_a_lead_whose_address_does_not_open_keeps_no_other_from_the_daily_line(room: Classroom):
    broken = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    damaged(room, broken, "email")
    set_due(room.session, room.school.id, "care.daily", "next", NOW)
    room.session.commit()
    room.run_due()
    assert told(room) == ["dsl"]
    assert [row.due_at > NOW + timedelta(hours=12) for row in room.rows(Due, kind="care.daily")] == [True]
