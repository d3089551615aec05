"""Cases: they climb until owned, owning lapses, a stale step does nothing, and the auditor does what was not done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, delete

from conversations.staff_absence import nobody_here_card
from scheduling import auditor, cases
from scheduling.calendar import Closure
from scheduling.escalation import DEFAULT
from store import absences
from store.due import set_due
from store.sealing import Sealer
from store.tables import Due, Escalation, Failure, Flag, Request, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_staff

ROBIN = 7_000_000_001
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def asked(room: Classroom, *, danger: bool = False) -> Request:
    request = Request(school_id=room.school.id, pupil_id=room.pupil(ROBIN).id, danger=danger, asked_at=room.clock())
    room.session.add(request)
    room.session.flush()
    cases.begin(room.session, room.school, request, "danger" if danger else "today", room.clock())
    room.session.commit()
    return request


def the_case(room: Classroom) -> Escalation:
    found: list[Escalation] = room.rows(Escalation)
    return found[0]


def due(room: Classroom) -> list[tuple[str, datetime]]:
    return [(row.kind, row.due_at) for row in room.rows(Due)]


def told(room: Classroom) -> int:
    return len(room.outbox(network="slack", method="post"))


def test_owning_stops_the_climb_and_lapses_by_school_time_alone(room: Classroom):
    room.clock.now = TUESDAY
    request = asked(room)
    room.run_due()
    request.state, request.owner_id = "owned", room.lead.id
    cases.own(room.session, room.school, request, room.lead, room.clock())
    room.session.commit()
    lapses = TUESDAY + timedelta(days=1)
    room.clock.now = lapses - timedelta(minutes=1)
    room.run_due()
    assert (told(room), the_case(room).state, the_case(room).lapses_at) == (1, "owned", lapses)
    room.clock.now = lapses
    room.run_due()
    request = room.rows(Request)[0]
    assert (request.state, request.owner_id, the_case(room).state) == ("open", None, "open")
    # It climbs on where it stood, at once: the card before says so, and a new one comes.
    assert [(row.method, row.recipient) for row in room.outbox(network="slack")] == [
        (method, f"staff:{room.lead.id.hex}") for method in ("post", "update", "post")
    ]
    listens = ("talk.unanswered", datetime(2026, 11, 25, 15, 30, tzinfo=UTC))
    assert sorted(due(room)) == [("case.step", lapses + timedelta(minutes=45)), listens]


def test_what_was_done_in_time_never_comes_again(room: Classroom):
    room.clock.now = TUESDAY
    request = asked(room)
    room.run_due()
    cases.own(room.session, room.school, request, room.lead, room.clock())
    cases.close(room.session, request, room.clock())
    room.session.commit()
    for _ in range(30):
        room.clock.move(hours=8)
        room.run_due()
    assert (told(room), the_case(room).state, due(room)) == (1, "closed", [])


def test_a_step_set_before_something_happened_does_nothing(room: Classroom):
    room.clock.now = TUESDAY
    asked(room)
    room.run_due()
    case = the_case(room)
    set_due(room.session, room.school.id, "case.step", case.id.hex, TUESDAY, version=case.version - 1)
    room.session.commit()
    room.run_due()
    assert (told(room), the_case(room).step) == (1, 1)


def test_a_case_handed_back_climbs_on_after_the_next_rungs_wait(room: Classroom):
    room.clock.now = TUESDAY
    request = asked(room)
    room.run_due()
    cases.own(room.session, room.school, request, room.lead, room.clock())
    room.clock.move(minutes=100)
    cases.hand_back(room.session, room.school, request, room.clock())
    room.session.commit()
    assert [one for one in due(room) if one[0] == "case.step"] == [("case.step", TUESDAY + timedelta(minutes=145))]


def test_danger_begins_a_climb_of_its_own_at_once(room: Classroom):
    room.clock.now = NIGHT
    request = asked(room)
    room.run_due()
    assert (told(room), due(room)) == (0, [("case.step", datetime(2026, 11, 30, 8, 30, tzinfo=UTC))])
    request.danger = True
    cases.begin(room.session, room.school, request, "danger", room.clock())
    room.session.commit()
    room.run_due()
    assert (told(room), due(room)) == (1, [("case.step", NIGHT + timedelta(minutes=5))])


def test_a_snow_day_called_in_the_morning_moves_the_steps_of_that_day(room: Classroom):
    room.clock.now = datetime(2026, 11, 24, 15, 20, tzinfo=UTC)
    asked(room)
    room.run_due()
    wednesday = date(2026, 11, 25)
    assert due(room) == [("case.step", datetime(2026, 11, 25, 9, 5, tzinfo=UTC))]
    snow = replace(room.school.calendar, closures=(Closure("Snow", wednesday, wednesday, "closed"),))
    room.school = replace(room.school, calendar=snow)
    room.clock.now = datetime(2026, 11, 25, 9, 5, tzinfo=UTC)
    room.run_due()
    assert (told(room), due(room)) == (1, [("case.step", datetime(2026, 11, 26, 9, 5, tzinfo=UTC))])


def test_steps_over_the_end_of_summer_time_come_at_the_schools_minute(room: Classroom):
    # Friday 23 October, 15:00 of summer time; clocks go back on Sunday.
    room.clock.now = datetime(2026, 10, 23, 14, 0, tzinfo=UTC)
    asked(room)
    room.run_due()
    assert (told(room), due(room)) == (1, [("case.step", datetime(2026, 10, 26, 8, 45, tzinfo=UTC))])
    room.clock.now = datetime(2026, 10, 26, 8, 44, tzinfo=UTC)
    room.run_due()
    assert told(room) == 1
    room.clock.now = datetime(2026, 10, 26, 8, 45, tzinfo=UTC)
    room.run_due()
    assert told(room) == 2


def test_past_the_end_of_the_calendar_a_case_goes_by_weekdays(room: Classroom):
    room.clock.now = datetime(2027, 8, 3, 10, 0, tzinfo=UTC)
    asked(room)
    assert due(room) == [("case.step", datetime(2027, 8, 4, 7, 30, tzinfo=UTC))]


def test_a_policy_of_the_school_is_kept_with_the_case_it_began(room: Classroom):
    ladder = replace(DEFAULT["today"], every=15).to_json()
    room.school = replace(room.school, policy={"escalation": {"today": ladder}})
    room.clock.now = TUESDAY
    asked(room)
    room.school = replace(room.school, policy={})
    assert the_case(room).ladder == ladder


def test_a_policy_that_was_spoilt_leaves_nobody_waiting(room: Classroom):
    room.school = replace(room.school, policy={"escalation": {"today": {"rungs": "none"}}})
    room.clock.now = TUESDAY
    asked(room)
    assert the_case(room).ladder == DEFAULT["today"].to_json()


# --- the auditor ------------------------------------------------------------------------------------------------------


def mend(room: Classroom, suspected: set[object]) -> tuple[set[object], int]:
    found = auditor.mend(room.session, room.sealer, room.school, suspected, room.clock())  # type: ignore[arg-type]
    room.session.commit()
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("danger", [True, False])
def test_a_step_that_was_lost_is_done_again_once_and_reported(room: Classroom, danger: bool):
    room.clock.now = TUESDAY
    asked(room, danger=danger)
    room.session.exec(delete(Due))
    room.session.commit()
    room.clock.move(minutes=5)
    assert mend(room, set()) == (set(), 0)
    room.clock.move(minutes=1)
    suspected, mended = mend(room, set())
    assert (suspected, mended, told(room)) == ({the_case(room).id}, 0, 0)
    assert mend(room, suspected) == (set(), 1)
    assert (told(room), the_case(room).overdue) == (1, 1)
    assert [(row.event, row.error) for row in room.rows(Failure)] == [("case overdue", "done again")]
    # The climb goes on by itself: its next step is set.
    assert len(due(room)) == 1
    assert mend(room, suspected) == (set(), 0)


def test_owning_that_should_have_lapsed_lapses(room: Classroom):
    room.clock.now = TUESDAY
    request = asked(room, danger=True)
    room.run_due()
    cases.own(room.session, room.school, request, room.lead, room.clock())
    room.session.exec(delete(Due))
    room.session.commit()
    room.clock.move(minutes=36)
    assert mend(room, mend(room, set())[0]) == (set(), 1)
    assert the_case(room).state == "open"


def test_out_of_school_nothing_of_school_time_is_overdue(room: Classroom):
    room.clock.now = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    asked(room)
    room.session.exec(delete(Due))
    room.session.commit()
    for now, late in (
        (datetime(2026, 11, 27, 15, 29, tzinfo=UTC), 1),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), 0),
        (datetime(2026, 11, 30, 8, 31, tzinfo=UTC), 1),
    ):
        assert len(auditor.overdue(room.session, room.sealer, room.school, now)) == late
    room.session.commit()


def test_what_waits_is_counted(room: Classroom):
    room.clock.now = TUESDAY
    first, second = asked(room), asked_again(room)
    cases.own(room.session, room.school, second, room.lead, room.clock())
    room.session.commit()
    waiting = auditor.standing(room.session, room.sealer, room.school, TUESDAY + timedelta(minutes=30))
    assert (waiting.open, waiting.owned, waiting.overdue) == (1, 1, 1)
    assert auditor.oldest(room.session, room.sealer, room.school) == TUESDAY
    assert first.id != second.id
    room.session.commit()


def asked_again(room: Classroom) -> Request:
    request = Request(school_id=room.school.id, pupil_id=room.pupil(ROBIN + 1).id, asked_at=room.clock())
    room.session.add(request)
    room.session.flush()
    cases.begin(room.session, room.school, request, "today", room.clock())
    room.session.commit()
    return request


def test_leads_hear_each_school_morning_what_waits(room: Classroom):
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    room.clock.now = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    set_due(room.session, room.school.id, "care.daily", "next", room.clock())
    room.session.commit()
    room.run_due()
    rows = room.outbox(network="slack")
    assert sorted(row.recipient for row in rows) == sorted(f"staff:{one.id.hex}" for one in (room.lead, deputy))
    (line,) = room.payload(rows[0])["card"]["lines"]
    assert line["p"] == {"open": 0, "owned": 0, "overdue": 0}
    assert due(room) == [("care.daily", datetime(2026, 11, 30, 8, 30, tzinfo=UTC))]


def test_a_step_that_was_due_while_nothing_ran_waits_for_school_to_begin_again(room: Classroom):
    # Asked on Friday at 14:25: the next step was due at 15:10, and Earshot did not run until Saturday.
    room.clock.now = datetime(2026, 11, 27, 14, 25, tzinfo=UTC)
    asked(room)
    room.run_due()
    assert told(room) == 1
    room.clock.now = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)
    room.run_due()
    assert (told(room), due(room)) == (1, [("case.step", datetime(2026, 11, 30, 8, 30, tzinfo=UTC))])
    room.clock.now = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    room.run_due()
    assert told(room) == 2


def test_past_the_end_of_the_calendar_steps_are_taken_on_weekdays_all_the_same(room: Classroom):
    # Saturday 27 March 2027: the last term of this calendar ended on Thursday.
    room.clock.now = datetime(2027, 3, 27, 11, 0, tzinfo=UTC)
    asked(room)
    room.run_due()
    assert told(room) == 0
    for _ in range(4):
        room.clock.now = due(room)[0][1]
        room.run_due()
    assert told(room) >= 3


def test_a_step_of_danger_that_was_due_while_nothing_ran_is_taken_at_once(room: Classroom):
    room.clock.now = datetime(2026, 11, 27, 14, 25, tzinfo=UTC)
    asked(room, danger=True)
    room.run_due()
    room.clock.now = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)
    room.run_due()
    assert told(room) == 2


# --- who is away ------------------------------------------------------------------------------------------------------


def told_whom(room: Classroom) -> list[str]:
    return [row.recipient for row in room.outbox(network="slack", method="post")]


def leave(room: Classroom, staff: Staff, until: datetime, cover: Staff | None = None) -> None:
    absences.set_away(room.session, staff, room.clock(), until, cover, room.clock())
    room.session.commit()


def test_a_lead_who_is_away_is_stood_in_for_until_the_minute_it_ends(room: Classroom):
    room.clock.now = TUESDAY
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    other = make_staff(room.session, room.sealer, room.school, "dsl")
    leave(room, room.lead, TUESDAY + timedelta(minutes=10), cover=deputy)
    asked(room, danger=True)
    room.run_due()
    assert sorted(told_whom(room)) == sorted(f"staff:{one.id.hex}" for one in (deputy, other))
    room.clock.move(minutes=5)
    room.run_due()
    assert f"staff:{room.lead.id.hex}" not in told_whom(room)
    room.clock.move(minutes=5)
    room.run_due()
    assert told_whom(room).count(f"staff:{room.lead.id.hex}") == 1


def test_a_lead_is_not_stood_in_for_by_somebody_who_could_not_open_it(room: Classroom):
    room.clock.now = TUESDAY
    make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    leave(room, room.lead, TUESDAY + timedelta(days=1), cover=room.tutor)
    asked(room, danger=True)
    room.run_due()
    assert f"staff:{room.tutor.id.hex}" not in told_whom(room)


def test_with_every_lead_away_all_are_told_and_the_head_is_asked_to_reach_one(room: Classroom):
    room.clock.now = TUESDAY
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    head = make_staff(room.session, room.sealer, room.school, "head")
    for one in (room.lead, deputy):
        leave(room, one, TUESDAY + timedelta(days=1))
    asked(room, danger=True)
    room.run_due()
    assert sorted(told_whom(room)) == sorted(f"staff:{one.id.hex}" for one in (room.lead, deputy, head))
    (to_head,) = room.outbox(network="slack", recipient=f"staff:{head.id.hex}")
    assert room.payload(to_head)["card"] == nobody_here_card().to_json()
    room.clock.move(minutes=5)
    room.run_due()
    assert told_whom(room).count(f"staff:{head.id.hex}") == 2


def test_a_nudge_of_friday_afternoon_climbs_to_whoever_stands_in_on_monday(room: Classroom):
    room.clock.now = datetime(2026, 11, 27, 15, 29, tzinfo=UTC)
    check_in = room.check_in(room.pupil(ROBIN))
    cover = make_staff(room.session, room.sealer, room.school, "tutor")
    flag = Flag(
        school_id=room.school.id,
        pupil_id=check_in.pupil_id,
        group_id=room.group.id,
        check_in_id=check_in.id,
        rule="test",
        raised_at=room.clock(),
    )
    room.sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20})
    room.session.add(flag)
    room.session.flush()
    room.clock.now += timedelta(minutes=1)
    cases.begin(room.session, room.school, flag, "nudge", room.clock())
    leave(room, room.tutor, datetime(2026, 12, 2, tzinfo=UTC), cover=cover)
    room.run_due()
    assert told_whom(room) == []
    assert ("case.step", datetime(2026, 11, 30, 8, 30, tzinfo=UTC)) in due(room)
    room.clock.now = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    room.run_due()
    assert told_whom(room) == [f"staff:{cover.id.hex}"]
