"""Handing on: a pupil's wish goes past who is away or has left, the pupil hears who is asked now, nobody is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from conversations.model import Tap
from scheduling import away, handing_on
from store.due import set_due
from store.sealing import Sealer
from store.tables import Escalation, Pupil, Request, Staff
from tests.bot.slack.test_request_desk import (
    ASKING,
    ASKING_LEADS,
    CANNOT,
    ROBIN,
    TUESDAY,
    WEDNESDAY,
    WILL_TODAY,
    Scene,
    make_scene,
)

TODAY, TOMORROW, FRIDAY = date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 27)


@pytest.fixture
def scene(session: Session, sealer: Sealer) -> Scene:
    return make_scene(session, sealer)


def leave(scene: Scene, staff: Staff, last: date = TODAY, cover: Staff | None = None, first: date = TODAY) -> None:
    room = scene.room
    away.set_away(room.session, room.school, staff, first, last, cover, room.clock())
    room.session.commit()
    room.run_due()


def test_who_is_away_is_passed_over_at_once_and_the_pupil_hears_who_is_asked(scene: Scene):
    leave(scene, scene.first)
    scene.asks(scene.first)
    assert (scene.told(), scene.heard()) == (["second"], [CANNOT, ASKING])


def test_two_who_are_away_are_passed_over_and_the_pupil_hears_once(scene: Scene):
    leave(scene, scene.first)
    leave(scene, scene.second)
    scene.asks(scene.first)
    assert (scene.told(), scene.heard()) == (["tutor"], [CANNOT, ASKING])


def test_with_all_of_them_away_it_is_the_leads_at_once(scene: Scene):
    for one in (scene.first, scene.second, scene.room.tutor):
        leave(scene, one)
    scene.asks(scene.first)
    assert (scene.told(), scene.heard()) == (["lead", "deputy"], [CANNOT, ASKING_LEADS])


def test_with_all_of_them_away_whoever_stands_in_for_one_is_told(scene: Scene):
    for one in (scene.second, scene.room.tutor):
        leave(scene, one)
    leave(scene, scene.first, cover=scene.deputy)
    scene.asks(scene.first)
    assert scene.told()[:1] == ["deputy"]


def test_for_this_week_who_is_back_tomorrow_is_waited_for(scene: Scene):
    leave(scene, scene.first)
    scene.asks(scene.first, "week")
    assert scene.heard() == []
    scene.at(TUESDAY + timedelta(days=1))
    assert scene.told().count("first") == 1


def test_for_this_week_who_is_away_all_week_is_passed_over(scene: Scene):
    leave(scene, scene.first, FRIDAY)
    scene.asks(scene.first, "week")
    assert (scene.told(), scene.heard()) == (["second"], [CANNOT, ASKING])


def test_what_was_asked_at_night_goes_past_who_is_away_when_school_opens(scene: Scene):
    leave(scene, scene.first, TOMORROW)
    scene.room.clock.now = TUESDAY.replace(hour=21)
    scene.asks(scene.first)
    assert (scene.told(), scene.heard()) == ([], [])
    scene.at(WEDNESDAY)
    assert (scene.told(), scene.heard()) == (["second"], [CANNOT, ASKING])


def test_who_promised_and_goes_away_hands_it_on_at_once(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    leave(scene, scene.first)
    request = scene.request()
    assert (request.state, request.owner_id, scene.told()) == ("open", None, ["first", "second"])
    assert scene.heard() == [WILL_TODAY, CANNOT, ASKING]


def test_a_promise_for_a_day_after_the_absence_stands(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_tomorrow")
    leave(scene, scene.first)
    assert (scene.request().owner_id, scene.told()) == (scene.first.id, ["first"])


def test_who_was_told_and_goes_away_before_answering_is_passed_over(scene: Scene):
    scene.asks(scene.first)
    leave(scene, scene.first)
    assert (scene.told(), scene.heard()) == (["first", "second"], [CANNOT, ASKING])


def test_an_absence_to_come_changes_nothing_until_it_begins(scene: Scene):
    leave(scene, scene.first, TOMORROW, first=TOMORROW)
    scene.asks(scene.first)
    assert (scene.told(), scene.heard()) == (["first"], [])


def test_danger_owned_by_a_lead_who_goes_away_is_everybodys_again_at_once(scene: Scene):
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    scene.press(scene.room.lead, "request_own")
    leave(scene, scene.room.lead)
    assert (scene.request().state, scene.told()) == ("open", ["lead", "deputy", "deputy"])


def test_what_is_owned_by_somebody_who_left_is_handed_on_the_next_school_morning(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_tomorrow")
    scene.first.active = False
    scene.room.session.add(scene.first)
    set_due(scene.room.session, scene.room.school.id, "goto.daily", "next", WEDNESDAY)
    scene.room.session.commit()
    scene.at(WEDNESDAY)
    assert (scene.request().state, scene.told()) == ("open", ["first", "second"])
    assert [case.state for case in scene.room.rows(Escalation)] == ["open"]
    assert scene.heard()[-2:] == [CANNOT, ASKING]


def test_past_the_calendar_nothing_fails(scene: Scene):
    scene.room.clock.now = datetime(2027, 8, 2, 10, 0, tzinfo=UTC)
    leave(scene, scene.first, date(2027, 8, 6), first=date(2027, 8, 2))
    scene.asks(scene.first, "week")
    assert scene.room.failures() == []


def test_one_request_that_cannot_be_handed_on_keeps_no_other_pupil_waiting(scene: Scene):
    room, other = scene.room, 7_000_000_099
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    (case,) = room.rows(Escalation)
    # As after damage: nobody can tell any more how it climbs.
    case.kind, case.ladder = "no such kind", {}
    room.session.add(case)
    room.pupil(other)
    scene.first.active = False
    room.session.add(scene.first)
    room.session.commit()
    request = Request(
        school_id=room.school.id,
        pupil_id=room.rows(Pupil)[-1].id,
        state="owned",
        owner_id=scene.first.id,
        asked_at=room.clock() + timedelta(minutes=1),
    )
    room.session.add(request)
    room.session.commit()
    handing_on.of_who_left(room.session, room.sealer, room.school, room.clock())
    room.session.commit()
    states = {row.id: row.state for row in room.rows(Request)}
    assert states.pop(request.id) == "open"
    assert list(states.values()) == ["owned"]
    assert room.failures() == [("hand on", "KeyError")]
