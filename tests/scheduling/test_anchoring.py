"""Anchor rounds: once a term, in its third week, sixteen questions that are the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from bot.commands.anchors import set_anchors, told
from conversations.bank import LATEST, load
from conversations.bank.anchor import anchor_items
from scheduling import rounds
from scheduling.anchoring import anchor_weeks, has_anchors, is_anchor
from scheduling.calendar import Term
from scheduling.scoring import MOST_ITEMS, take_in
from store.sealing import Sealer
from store.tables import Audit, CheckIn, School, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import CALENDAR

# The first Tuesday of the third week of the spring term.
ANCHOR = datetime(2027, 1, 19, 8, 40, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def wave_at(room: Classroom, opens: datetime, state: str = "open") -> Wave:
    wave = Wave(
        school_id=room.school.id,
        day=opens.isoformat(),
        number=3,
        opens_at=opens,
        closes_at=opens + timedelta(days=1),
        bank_version=LATEST,
        state=state,
    )
    room.session.add(wave)
    room.session.commit()
    return wave


@pytest.mark.parametrize(("days", "expected"), [(0, True), (-2, False), (-1, True), (5, True), (6, False)])
def test_it_is_the_wave_of_a_terms_third_week(room: Classroom, days: int, expected: bool):
    assert is_anchor(room.session, room.school, wave_at(room, ANCHOR + timedelta(days=days))) is expected


def test_a_second_wave_of_that_week_is_a_usual_one(room: Classroom):
    first = wave_at(room, ANCHOR)
    second = wave_at(room, ANCHOR + timedelta(days=1))
    assert [is_anchor(room.session, room.school, wave) for wave in (first, second)] == [True, False]


def test_the_wave_after_one_that_lapsed_is_the_anchor_round(room: Classroom):
    wave_at(room, ANCHOR, state="lapsed")
    assert is_anchor(room.session, room.school, wave_at(room, ANCHOR + timedelta(days=1)))


def test_halves_of_a_term_have_one_round_between_them():
    halves = (
        Term("Autumn 1", date(2026, 9, 1), date(2026, 10, 23)),
        Term("Autumn 2", date(2026, 11, 2), date(2026, 12, 18)),
        Term("Spring 1", date(2027, 1, 4), date(2027, 2, 12)),
        Term("Spring 2", date(2027, 2, 22), date(2027, 3, 25)),
    )
    weeks = anchor_weeks(replace(CALENDAR, terms=halves))
    assert [CALENDAR.local_date(begins) for begins, _ in weeks] == [date(2026, 9, 15), date(2027, 1, 18)]


def test_without_terms_there_is_none():
    assert anchor_weeks(replace(CALENDAR, terms=())) == []


def test_everybody_of_a_group_gets_the_same_sixteen_of_the_waves_own_bank(room: Classroom):
    pupils = [room.pupil(7_000_000_001 + number) for number in range(3)]
    room.clock.now = ANCHOR
    events = rounds.open_group(room.session, room.sealer, room.school, wave_at(room, ANCHOR), room.group.id, ANCHOR)
    assert {event.items for _, event in events} == {anchor_items(load(LATEST))}  # type: ignore[union-attr]
    assert len(events) == len(pupils)


def test_all_sixteen_answers_are_taken_in(room: Classroom):
    pupil = room.pupil(7_000_000_001)
    check_in = room.check_in(pupil)
    items = anchor_items(load(LATEST))
    assert len(items) <= MOST_ITEMS
    room.sealer.write(check_in, "answers", [[item, 2, 3_000] for item in items])
    check_in.state, check_in.ended_at = "answered", room.clock()
    room.session.add(check_in)
    room.session.commit()
    assert take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None).check_ins == 1
    assert room.rows(CheckIn)[0].state == "answered"


def test_a_school_may_do_without_and_says_so(room: Classroom):
    school = room.session.get_one(School, room.school.id)
    assert told(school, ANCHOR)[1] == "Weeks from: 18 January 2027."
    set_anchors(room.session, school, ANCHOR, on=False)
    room.session.commit()
    assert told(school, ANCHOR) == ["There are no anchor rounds: each check-in has its five questions."]
    assert not is_anchor(room.session, replace(room.school, policy=school.policy), wave_at(room, ANCHOR))
    assert [row.action for row in room.rows(Audit)] == ["anchor rounds off"]


def test_the_sample_school_has_none_unless_it_is_told_to(room: Classroom):
    assert not has_anchors(replace(room.school, policy={"sample": {}}))
    assert has_anchors(replace(room.school, policy={"sample": {}, "anchors": True}))
