"""When plans fall due, to the minute: school days alone, past holidays, INSET days, snow and changes of the clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session

from scheduling import plans as going
from scheduling.calendar import Closure, SchoolCalendar, Term
from scheduling.school import SchoolFacts
from store import plans
from store.sealing import Sealer
from tests.bot.classroom import Classroom, classroom
from tests.factories import CALENDAR, NOW

INSET = Closure("Training", date(2026, 11, 27), date(2026, 11, 27), "inset")


def school(calendar: SchoolCalendar = CALENDAR) -> SchoolFacts:
    return SchoolFacts(id=UUID(int=0), name="", locale="en", calendar=calendar, policy={})


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "calendar", "expected"),
    [
        # A Tuesday morning: today, then one, two, three, five and ten school days on.
        (
            "2026-11-24 10:00",
            CALENDAR,
            ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-12-01", "2026-12-08"],
        ),
        # Friday at 15:30 school has ended: Monday is the first.
        ("2026-11-27 15:30", CALENDAR, ["2026-11-30", "2026-12-01", "2026-12-02", "2026-12-04", "2026-12-11"]),
        # An INSET day is none.
        (
            "2026-11-26 10:00",
            replace(CALENDAR, closures=(INSET,)),
            ["2026-11-26", "2026-11-30", "2026-12-01", "2026-12-02", "2026-12-04", "2026-12-11"],
        ),
        # After the last day of term comes the first of the next.
        (
            "2026-12-18 10:00",
            CALENDAR,
            ["2026-12-18", "2027-01-04", "2027-01-05", "2027-01-06", "2027-01-08", "2027-01-15"],
        ),
        # A Saturday counts from Monday.
        (
            "2026-11-28 10:00",
            CALENDAR,
            ["2026-11-30", "2026-12-01", "2026-12-02", "2026-12-03", "2026-12-07", "2026-12-14"],
        ),
    ],
)
def test_days_to_choose_from_are_school_days_half_an_hour_before_the_end(
    now: str, calendar: SchoolCalendar, expected: list[str]
) -> None:
    assert going.days(school(calendar), at(now)) == [at(f"{day} 15:00") for day in expected]


def test_a_change_of_the_clocks_leaves_the_schools_hour_as_it_is() -> None:
    summer = replace(CALENDAR, terms=(Term("Spring", date(2027, 1, 4), date(2027, 4, 9)),))
    # The clocks go forward on 28 March 2027; Good Friday is 26 March, Easter Monday the 29th.
    assert going.days(school(summer), at("2027-03-25 10:00"))[:3] == [
        at("2027-03-25 15:00"),
        at("2027-03-30 14:00"),
        at("2027-03-31 14:00"),
    ]


def test_a_moment_is_always_to_be_had_even_past_the_calendar_and_before_a_limit() -> None:
    nothing = replace(CALENDAR, terms=())
    assert len(going.days(school(nothing), NOW)) == 6
    assert going.days(school(), at("2026-11-24 15:10"), at("2026-11-24 15:20")) == [at("2026-11-24 15:20")]


def test_a_plan_whose_day_turns_out_closed_is_asked_about_on_the_next(session: Session, sealer: Sealer) -> None:
    room: Classroom = classroom(session, sealer)
    room.clock.now = at("2026-11-24 10:00")
    plan = going.make_for_group(session, sealer, room.school, room.group, room.tutor, "three-circles", room.clock())
    session.commit()
    assert plan.due_at == at("2026-11-27 15:00")
    snow = Closure("Snow", date(2026, 11, 27), date(2026, 11, 27), "closed")
    room.school = replace(room.school, calendar=replace(CALENDAR, closures=(snow,)))
    room.clock.now = at("2026-11-27 15:00")
    room.run_due()
    assert (plan.state, room.outbox(network="slack")) == ("open", [])
    room.clock.now = at("2026-11-30 08:29")
    room.run_due()
    assert plan.state == "open"
    room.clock.now += timedelta(minutes=1)
    room.run_due()
    session.refresh(plan)
    assert (plan.state, len(room.outbox(network="slack", method="post"))) == ("asked", 1)


def test_what_was_tried_is_read_as_it_stood_at_a_moment(session: Session, sealer: Sealer) -> None:
    room: Classroom = classroom(session, sealer)
    pupil = room.pupil()
    made = []
    for number, (action, state, noticed) in enumerate(
        (("a", "done", "helped"), ("b", "done", ""), ("c", "ended", ""), ("d", "open", ""), ("", "done", "helped"))
    ):
        plan = plans.make(
            session,
            sealer,
            school_id=room.school.id,
            group_id=room.group.id,
            owner_id=room.tutor.id,
            action=action,
            due_at=NOW,
            now=NOW + timedelta(minutes=number),
        )
        plan.pupil_id = pupil.id
        plans.change(session, sealer, plan, noticed=noticed)
        if state != "open":
            plans.close(session, plan, state, NOW + timedelta(hours=1))
        made.append(plan)
    session.flush()
    later = NOW + timedelta(hours=2)
    assert plans.tried(session, sealer, pupil.id, later) == (
        ("a", "b", "c", "d"),
        ("helped", "no_change", "not_done", "open"),
    )
    assert plans.tried(session, sealer, pupil.id, NOW + timedelta(minutes=2)) == (("a", "b"), ("open", "open"))
    made[0].content_sealed = b"damaged"
    session.flush()
    assert plans.tried(session, sealer, pupil.id, later)[0] == ("b", "c", "d")
