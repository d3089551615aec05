"""Go-tos who are away for long: told once, another for now, first again when they are back; nothing for a few days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from bot.adults import adults_of
from conversations.model import Tap
from scheduling import absent_gotos, away
from scheduling.calendar import Closure
from scheduling.jobs import set_standing
from store import gotos
from store.care_tables import GoTo
from store.plan_tables import Absence
from store.sealing import Sealer
from store.tables import Due, Pupil, Staff
from tests.bot.classroom import classroom
from tests.factories import make_group, make_staff

ROBIN = 7_000_000_001
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
AWAY, MEANWHILE = "{name} is away until about {day}.", "Until then I ask {name} first when you want to talk."
CHOOSE = "You keep your go-tos. Would you like to choose one more adult for now?"
BACK = "{name} is back. Your go-tos are as they were before."
TOLD = [AWAY, MEANWHILE, CHOOSE]


class Scene:
    """A pupil with two go-tos, a third adult, and a clock that is moved."""

    def __init__(self, session: Session, sealer: Sealer) -> None:
        self.room = room = classroom(session, sealer)
        room.clock.now = TUESDAY
        self.first, self.second, self.third = (make_staff(session, sealer, room.school) for _ in range(3))
        self.pupil = room.pupil(ROBIN)
        session.flush()
        for place, adult in ((1, self.first), (2, self.second)):
            assert gotos.name(session, self.pupil, place, adult.id, TUESDAY)
        set_standing(session, room.school, TUESDAY)
        session.commit()

    def leave(self, last: date, staff: Staff | None = None) -> None:
        room = self.room
        away.set_away(room.session, room.school, staff or self.first, room.clock().date(), last, None, room.clock())
        room.session.commit()
        room.run_due()

    def comes_back(self) -> None:
        room = self.room
        assert away.end(room.session, room.school, self.first, room.clock())
        room.session.commit()
        room.run_due()

    def at(self, day: date, hour: int = 10) -> None:
        self.room.clock.now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        self.room.run_due()

    def named(self) -> list[str]:
        """Who is asked in which order, by name of the scene."""
        names = {self.first.id: "first", self.second.id: "second", self.third.id: "third"}
        session = self.room.session
        session.expire_all()
        found = [names[one.id] for one in gotos.of_pupil(session, session.get_one(Pupil, self.pupil.id))]
        session.commit()
        return found

    def chooses_third(self) -> None:
        self.room.say(ROBIN, Tap(f"goto:3:a:{self.third.id.hex}"), message_id=3)


@pytest.fixture
def scene(session: Session, sealer: Sealer) -> Scene:
    return Scene(session, sealer)


def test_of_five_school_days_nothing_is_said_and_of_six_the_pupil_hears_once(scene: Scene):
    scene.leave(date(2026, 11, 30))
    assert (scene.room.said(), scene.named()) == ([], ["first", "second"])
    scene.leave(date(2026, 12, 1))
    scene.at(date(2026, 11, 25))
    assert (scene.room.said(), scene.named()) == (TOLD, ["second", "first"])


def test_what_begins_out_of_school_is_told_when_school_opens(scene: Scene):
    scene.room.clock.now = TUESDAY.replace(hour=20)
    scene.leave(date(2026, 12, 11))
    assert scene.room.said() == []
    scene.at(date(2026, 11, 25))
    assert scene.room.said() == TOLD


def test_holidays_are_no_days_away(scene: Scene):
    scene.at(date(2026, 12, 17))
    scene.leave(date(2027, 1, 3))
    assert scene.room.said() == []


def test_once_they_are_back_the_first_order_returns_and_the_pupil_hears_it(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.chooses_third()
    assert scene.named() == ["second", "third", "first"]
    scene.at(date(2026, 12, 6))
    assert scene.named() == ["second", "third", "first"]
    before = scene.room.said()
    scene.at(date(2026, 12, 7))
    assert (scene.named(), scene.room.said()[len(before) :]) == (["first", "second"], [BACK])
    assert [row.ended for row in scene.room.rows(GoTo, place=gotos.FOR_NOW)] == ["back"]
    scene.at(date(2026, 12, 8))
    assert scene.room.said().count(BACK) == 1


def test_who_comes_back_early_is_first_again_at_once(scene: Scene):
    scene.leave(date(2026, 12, 11))
    scene.room.clock.move(hours=1)
    scene.comes_back()
    assert (scene.named(), scene.room.said()[-1]) == (["first", "second"], BACK)


def test_made_longer_the_pupil_hears_the_new_day_and_not_that_they_are_back(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.at(date(2026, 12, 3))
    scene.leave(date(2026, 12, 8))
    assert scene.named() == ["second", "first"]
    assert [row.due_at.date() for row in scene.room.rows(Due, kind=gotos.RETURN)] == [date(2026, 12, 9)]
    scene.at(date(2026, 12, 7))
    assert (scene.room.said().count(AWAY), scene.room.said().count(BACK)) == (2, 0)
    scene.at(date(2026, 12, 9))
    assert scene.room.said().count(BACK) == 1


def test_set_again_until_the_same_day_nothing_is_said_twice(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.room.clock.move(hours=1)
    scene.leave(date(2026, 12, 4))
    assert scene.room.said() == TOLD


def test_with_both_away_nobody_is_said_to_be_first(scene: Scene):
    scene.leave(date(2026, 12, 4), scene.second)
    scene.leave(date(2026, 12, 11))
    assert scene.room.said() == [*TOLD[:1], TOLD[1], TOLD[2], AWAY, CHOOSE]
    scene.chooses_third()
    assert scene.named() == ["third", "first", "second"]
    scene.at(date(2026, 12, 7))
    assert scene.named() == ["second", "third", "first"]
    scene.at(date(2026, 12, 14))
    assert scene.named() == ["first", "second"]


def test_nobody_is_named_for_now_while_nobody_is_away_nor_one_of_the_two(scene: Scene):
    scene.chooses_third()
    assert scene.room.rows(GoTo, place=gotos.FOR_NOW) == []
    scene.leave(date(2026, 12, 4))
    session = scene.room.session
    assert not gotos.name(session, scene.pupil, gotos.FOR_NOW, scene.second.id, TUESDAY)
    assert scene.room.failures() == []


def test_nobody_who_is_away_for_long_too_is_named_for_now(scene: Scene):
    scene.leave(date(2026, 12, 11), scene.third)
    scene.leave(date(2026, 12, 4))
    scene.chooses_third()
    assert (scene.room.rows(GoTo, place=gotos.FOR_NOW), scene.room.failures()) == ([], [])
    assert not gotos.name(scene.room.session, scene.pupil, gotos.FOR_NOW, scene.third.id, TUESDAY)


def test_who_can_be_named_for_now_is_neither_one_of_the_two_nor_away_for_long_in_as_many_queries(
    scene: Scene, engine: Engine
):
    room, session = scene.room, scene.room.session
    scene.leave(date(2026, 12, 11), scene.third)
    here, statements = make_staff(session, room.sealer, room.school), []
    session.commit()

    def offered() -> tuple[set[str], int]:
        pupil = session.get_one(Pupil, scene.pupil.id)
        statements.clear()
        adults = adults_of(session, room.sealer, pupil, "everyone", zone="Europe/London")
        return {one.id for one in adults.for_now_of()}, len(statements)

    event.listen(engine, "before_cursor_execute", lambda *heard: statements.append(heard[2]))
    before, queries = offered()
    scene.leave(date(2026, 12, 4))
    assert offered() == (before, queries)
    assert before == {one.id.hex for one in (room.tutor, room.lead, here)}


def test_one_of_the_two_is_not_offered_for_now_under_a_name_that_is_somebody_elses_too(scene: Scene):
    session, sealer = scene.room.session, scene.room.sealer
    sealer.write(scene.third, "name", sealer.read(scene.second, "name"))
    make_group(session, scene.room.school, "8A", 8, scene.second)
    session.commit()
    scene.leave(date(2026, 12, 4))
    adults = adults_of(session, sealer, session.get_one(Pupil, scene.pupil.id), "everyone")
    assert scene.second.id.hex not in {one.id for one in adults.for_now_of()}


def test_whoever_was_for_now_takes_the_place_of_who_leaves_meanwhile(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.chooses_third()
    scene.first.active = False
    scene.room.session.add(scene.first)
    scene.room.session.commit()
    scene.at(date(2026, 11, 25))
    assert scene.named() == ["third", "second"]
    scene.at(date(2026, 12, 7))
    assert (scene.named(), scene.room.said().count(BACK)) == (["third", "second"], 0)


def test_a_wish_is_not_offered_to_who_is_away_for_long_and_the_day_is_that_of_the_school(scene: Scene):
    scene.leave(date(2026, 12, 4))
    session = scene.room.session
    adults = adults_of(session, scene.room.sealer, session.get_one(Pupil, scene.pupil.id), "mine", zone="Europe/London")
    assert [one.back for one in adults.away] == [date(2026, 12, 7)]
    assert adults.askable()[0].id == scene.second.id.hex
    assert scene.first.id.hex not in {one.id for one in adults.askable()}


def test_a_tutor_and_whoever_was_named_for_now_are_not_offered_while_they_are_away_for_long(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.chooses_third()
    for one in (scene.third, scene.room.tutor):
        scene.leave(date(2026, 12, 11), one)
    session = scene.room.session
    adults = adults_of(session, scene.room.sealer, session.get_one(Pupil, scene.pupil.id), "mine")
    assert [one.id for one in adults.askable()] == [scene.second.id.hex]


def test_many_pupils_are_told_in_parts(scene: Scene, sealer: Sealer):
    session, room = scene.room.session, scene.room
    for number in range(absent_gotos.AT_ONCE):
        pupil = room.pupil(8_000_000_000 + number)
        assert gotos.name(session, pupil, 1, scene.first.id, TUESDAY)
    session.commit()
    scene.leave(date(2026, 12, 4))
    assert room.said().count(AWAY) == absent_gotos.AT_ONCE
    room.clock.move(seconds=6)
    room.run_due()
    assert room.said().count(AWAY) == absent_gotos.AT_ONCE + 1


def test_named_for_now_counts_for_the_adult_and_not_as_one_of_the_two(scene: Scene):
    scene.leave(date(2026, 12, 4))
    scene.chooses_third()
    stands = gotos.coverage(scene.room.session, scene.room.school.id)
    assert [(year.two, year.one, year.nobody) for year in stands.years] == [(1, 0, 0)]
    assert stands.named[scene.third.id] == 1


def closed(scene: Scene, *days: date) -> None:
    """Call snow days."""
    calendar = replace(scene.room.school.calendar, closures=tuple(map(Closure.by_hand, days)))
    scene.room.school = replace(scene.room.school, calendar=calendar)


def test_on_a_snow_day_nobody_hears_that_somebody_is_away_or_back(scene: Scene):
    scene.room.clock.now = TUESDAY.replace(hour=20)
    scene.leave(date(2026, 12, 11))
    closed(scene, date(2026, 11, 25))
    scene.at(date(2026, 11, 25))
    assert scene.room.said() == []
    scene.at(date(2026, 11, 26))
    assert scene.room.said() == TOLD
    scene.at(date(2026, 12, 12))
    closed(scene, date(2026, 12, 14))
    scene.at(date(2026, 12, 14))
    assert (scene.room.said(), scene.named()) == (TOLD, ["second", "first"])
    scene.at(date(2026, 12, 15))
    assert (scene.room.said()[:4], scene.named()) == ([*TOLD, BACK], ["first", "second"])


def test_absences_that_follow_one_another_count_as_one(scene: Scene):
    scene.leave(date(2026, 11, 26))
    assert scene.room.said() == []
    room = scene.room
    room.clock.now = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
    session = room.session
    (row,) = session.exec(select(Absence)).all()
    follows = Absence(
        school_id=row.school_id, staff_id=row.staff_id, starts_at=row.ends_at, ends_at=row.ends_at + timedelta(days=7)
    )
    session.add(follows)
    session.commit()
    assert absent_gotos.is_long(session, room.school, follows)
    row.ends_at -= timedelta(hours=1)
    session.add(row)
    session.commit()
    assert not absent_gotos.is_long(session, room.school, follows)


def test_many_pupils_hear_in_parts_that_somebody_is_back(scene: Scene):
    session, room = scene.room.session, scene.room
    for number in range(absent_gotos.AT_ONCE):
        pupil = room.pupil(8_000_000_000 + number)
        assert gotos.name(session, pupil, 1, scene.first.id, TUESDAY)
    session.commit()
    scene.leave(date(2026, 12, 4))
    room.clock.move(seconds=6)
    room.run_due()
    scene.at(date(2026, 12, 7))
    assert room.said().count(BACK) == absent_gotos.AT_ONCE
    room.clock.move(seconds=6)
    room.run_due()
    assert (room.said().count(BACK), room.failures()) == (absent_gotos.AT_ONCE + 1, [])


def test_who_was_named_for_now_can_be_changed_and_can_become_one_of_the_two(scene: Scene):
    session, room = scene.room.session, scene.room
    fourth = make_staff(session, room.sealer, room.school)
    scene.leave(date(2026, 12, 4))

    def name(place: int, adult: Staff) -> bool:
        named = gotos.name(session, session.get_one(Pupil, scene.pupil.id), place, adult.id, room.clock())
        session.commit()
        return named

    def standing() -> dict[int, UUID]:
        return {place: row.staff_id for place, row in gotos.standing(session, scene.pupil.id).items()}

    assert (name(gotos.FOR_NOW, scene.third), name(gotos.FOR_NOW, scene.third)) == (True, True)
    assert name(gotos.FOR_NOW, fourth)
    assert standing() == {1: scene.first.id, 2: scene.second.id, gotos.FOR_NOW: fourth.id}
    assert name(2, fourth)
    assert standing() == {1: scene.first.id, 2: fourth.id}
    assert not name(4, scene.third)
    assert [row.ended for row in room.rows(GoTo, place=gotos.FOR_NOW)] == ["changed", "changed"]
