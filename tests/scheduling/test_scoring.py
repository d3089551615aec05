"""Scoring: one pass for one and for all, the same whichever comes first, reading only what is new."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from conversations.bank import LATEST, VERSIONS, load
from conversations.bank.rotation import choose
from scheduling import scoring
from scheduling.choosing import choose_items
from scheduling.kept import LEARNT_FROM
from scheduling.night import nightly
from scheduling.scoring import look, take_in
from signals.flag import MODEL, NEW_A_TUTOR_A_WEEK, retrace
from store.sealing import Sealer
from store.signal_tables import Signal, SignalBars
from store.tables import CheckIn, Flag, Pupil, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_group

ITEMS = load(LATEST).items
STATE = [item for item in ITEMS.values() if item.kind == "state"]
STEERING = [item for item in ITEMS.values() if item.kind == "steering"]
FIRST = 7_000_000_001


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def answer(room: Classroom, pupil: Pupil, level: float, week: int, state: str = "answered") -> CheckIn:
    """A check-in with two state answers at a level from 0 (low) to 1 and three steering answers in the middle."""
    check_in = room.check_in(pupil)
    # A check-in that was missed ends when its wave closes, after all that were answered.
    took = timedelta(minutes=5) if state == "answered" else timedelta(hours=6)
    check_in.state, check_in.ended_at = state, room.clock() + took
    if state == "answered":
        given: list[list[Any]] = []
        for item in (STATE[week % 15], STATE[(week + 4) % 15]):
            last = len(item.options["older"]) - 1
            option = round(level * last)
            given.append([item.id, option if item.direction == 1 else last - option, 4_000])
        given += [[STEERING[(7 * week + 16 * place) % 48].id, 2, 4_000] for place in range(3)]
        room.sealer.write(check_in, "answers", given)
    room.session.add(check_in)
    room.session.commit()
    return check_in


def run(room: Classroom, pupils: list[Pupil]) -> list[Flag]:
    raised: list[Flag] = []
    take_in(room.session, room.sealer, room.school, [one.id for one in pupils], room.clock(), raised.append)
    room.session.commit()
    return raised


def test_answers_to_two_versions_of_the_bank_are_taken_together(room: Classroom):
    """A newer version says the same in fewer words, so whoever began with the one before does not begin anew."""

    def board_of(pupil: Pupil, first: str) -> str:
        one = answer(room, pupil, 0.25, 0)
        one.bank_version = first
        room.session.add(one)
        room.clock.move(days=7)
        answer(room, pupil, 0.75, 1)
        board = str(look(room.session, room.sealer, room.school.id, [pupil.id], room.clock())[0])
        room.clock.move(days=-7)
        return board

    before, now = room.pupil(FIRST), room.pupil(FIRST + 1)
    assert board_of(before, VERSIONS[-2]) == board_of(now, LATEST)


def night(room: Classroom) -> list[Flag]:
    raised: list[Flag] = []
    while nightly(room.session, room.sealer, room.school, room.clock(), raised.append):
        pass
    room.session.commit()
    return raised


def kept(room: Classroom) -> dict[Any, tuple[bool, float]]:
    return {
        row.pupil_id: (row.flagged, room.sealer.read(row, "data")["points"])
        for row in room.session.exec(select(Signal))
    }


def weeks_of(
    room: Classroom, pupils: list[Pupil], passes: str, weeks: int = 12, falling: int = 2
) -> list[tuple[int, Any]]:
    """Live through some weeks: the first pupils fall in the second half, the rest are steady; one misses a lot."""
    chance, flags = random.Random(4), []  # noqa: S311 (made-up answers)
    night(room)
    for week in range(weeks):
        room.clock.move(days=7)
        for number, pupil in enumerate(pupils):
            low = number < falling and week >= weeks - 4
            missed = number == falling + 1 and week > 5
            answer(
                room, pupil, 0.0 if low else chance.choice([0.5, 0.75, 1.0]), week, "missed" if missed else "answered"
            )
            if passes == "on completion" and not missed:
                flags += [(week, flag.pupil_id) for flag in run(room, [pupil])]
        room.clock.move(hours=20)
        flags += [(week, flag.pupil_id) for flag in night(room)]
        room.clock.move(hours=-20)
    return flags


@pytest.mark.parametrize(("count", "falling", "flagged"), [(5, 2, 2), (10, 6, 3)])
def test_on_completion_and_at_night_give_the_same_flags_and_the_same_points(
    session: Session, sealer: Sealer, count: int, falling: int, flagged: int
):
    """Also where more are due than the school's ceiling and the tutor's week leave room for: three."""
    one = classroom(session, sealer)
    ours = [one.pupil(FIRST + number) for number in range(count)]
    first = weeks_of(one, ours, "on completion", falling=falling)
    points = kept(one)
    session.rollback()
    for table in (Flag, Signal, SignalBars, CheckIn, Wave):
        for row in session.exec(select(table)):
            session.delete(row)
        session.commit()
    one.clock.now -= timedelta(weeks=12)
    second = weeks_of(one, ours, "at night", falling=falling)
    assert first == second
    assert len({pupil for _, pupil in first}) == flagged
    assert {pupil for _, pupil in first} <= {pupil.id for pupil in ours[:falling]}
    assert points.keys() == kept(one).keys()
    for pupil, (up, its) in kept(one).items():
        assert (up, its) == (points[pupil][0], pytest.approx(points[pupil][1], abs=1e-6))


def test_a_pass_reads_what_is_new_and_nothing_twice(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(3):
        room.clock.move(days=7)
        answer(room, pupil, 0.75, week)
    assert take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None).check_ins == 3
    before = kept(room)
    assert take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None).check_ins == 0
    assert kept(room) == before
    room.clock.move(days=7)
    answer(room, pupil, 0.75, 4)
    assert take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None).check_ins == 1


def test_of_a_pupil_met_for_the_first_time_only_the_last_check_ins_are_read(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(LEARNT_FROM + 2):
        room.clock.move(days=7)
        newest = answer(room, pupil, 0.5, week)
    assert take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None).check_ins == LEARNT_FROM
    assert room.session.get_one(Signal, pupil.id).as_of == newest.opened_at


def test_what_is_kept_is_made_anew_when_it_is_gone_or_of_another_model(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(6):
        room.clock.move(days=7)
        answer(room, pupil, 0.5, week)
        run(room, [pupil])
    (before,) = kept(room).values()
    row = room.session.get_one(Signal, pupil.id)
    row.model = "signals-0"
    room.session.add(row)
    room.session.commit()
    run(room, [pupil])
    (again,) = kept(room).values()
    assert again == pytest.approx(before, abs=1e-6)
    assert room.session.get_one(Signal, pupil.id).model == MODEL


def test_a_new_model_does_not_tell_a_tutor_again_whom_the_old_one_told(room: Classroom):
    pupil = room.pupil(FIRST)
    raised = []
    for week in range(9):
        room.clock.move(days=7)
        answer(room, pupil, 0.75 if week < 6 else 0.0, week)
        raised += run(room, [pupil])
    assert len(raised) == 1
    row = room.session.get_one(Signal, pupil.id)
    row.model = "signals-0"
    room.session.add(row)
    room.session.commit()
    answer(room, pupil, 0.0, 10)
    assert run(room, [pupil]) == []
    (data,) = (room.sealer.read(one, "data") for one in room.session.exec(select(Signal)))
    assert data["up_at"] is not None


def test_the_first_night_learns_and_tells_nobody(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(8):
        room.clock.move(days=7)
        answer(room, pupil, 0.75 if week < 5 else 0.0, week)
    assert night(room) == []
    assert [flagged for flagged, _ in kept(room).values()] == [True]
    assert room.session.get_one(SignalBars, room.school.id).pupils == 1


def test_a_tutor_hears_of_three_new_pupils_a_week_at_most(room: Classroom):
    # So many that the ceiling of ten per cent leaves room for a fourth.
    pupils = [room.pupil(FIRST + number) for number in range(31)]
    for week in range(8):
        room.clock.move(days=7)
        for number, pupil in enumerate(pupils):
            answer(room, pupil, 0.0 if number < 6 and week > 5 else 0.75, week)
        if week == 5:
            night(room)
    assert len(run(room, pupils)) == NEW_A_TUTOR_A_WEEK
    assert run(room, pupils) == []


def low_in_the_end(room: Classroom, pupils: list[Pupil], low: int) -> list[Flag]:
    """Eight weeks in which the first of some pupils fall low at the end; gives the flags of the last."""
    for week in range(8):
        room.clock.move(days=7)
        for number, pupil in enumerate(pupils):
            answer(room, pupil, 0.0 if number < low and week > 5 else 0.75, week)
        if week == 5:
            night(room)
    return run(room, pupils)


def test_a_tutor_of_two_groups_hears_of_three_in_both_together(room: Classroom):
    second = make_group(room.session, room.school, "7C", 7, room.tutor)
    pupils = [room.pupil(FIRST + number) for number in range(41)]
    for pupil in pupils[::2]:
        pupil.group_id = second.id
        room.session.add(pupil)
    room.session.commit()
    assert len(low_in_the_end(room, pupils, 6)) == NEW_A_TUTOR_A_WEEK


def test_who_left_or_stopped_takes_no_place_under_the_ceiling(room: Classroom):
    gone = [room.pupil(FIRST + 50 + number) for number in range(4)]
    low_in_the_end(room, gone, 0)
    for number, pupil in enumerate(gone):
        pupil.status = ("left", "stopped")[number % 2]
        row = room.session.get_one(Signal, pupil.id)
        row.flagged = True
        room.session.add_all([pupil, row])
    room.session.commit()
    pupils = [room.pupil(FIRST + number) for number in range(5)]
    assert len(low_in_the_end(room, pupils, 2)) == 2


def test_a_flag_can_be_worked_out_again_from_what_is_stored_with_it(room: Classroom):
    pupil = room.pupil(FIRST)
    raised = []
    for week in range(9):
        room.clock.move(days=7)
        answer(room, pupil, 0.75 if week < 6 else 0.0, week)
        raised += run(room, [pupil])
    (flag,) = raised
    why = room.sealer.read(flag, "reasons")
    again = retrace(why["signals"], why["weights"], why["starting"])
    assert again.points == pytest.approx(why["points"], abs=1e-5)
    assert again.points >= why["enter"]
    assert again.chance == pytest.approx(why["chance"], abs=1e-5)
    assert [reason["code"] for reason in why["reasons"]][:1] in (["low"], ["fallen"])


@pytest.mark.parametrize("state", ["undelivered", "replaced"])
def test_a_check_in_that_did_not_arrive_or_was_cut_short_is_no_silence(room: Classroom, state: str):
    near, far = room.pupil(FIRST), room.pupil(FIRST + 1)
    for week in range(10):
        room.clock.move(days=7)
        answer(room, near, 0.75, week, "answered" if week < 6 else state)
        answer(room, far, 0.75, week, "answered" if week < 6 else "missed")
    run(room, [near, far])
    points = {pupil: its for pupil, (_, its) in kept(room).items()}
    assert points[near.id] < points[far.id]


# --- what is asked next -----------------------------------------------------------------------------------------------


def test_a_new_pupil_meets_the_rotation_and_a_known_one_keeps_the_blueprint(room: Classroom):
    known, new = room.pupil(FIRST), room.pupil(FIRST + 1)
    recent = []
    for week in range(4):
        room.clock.move(days=7)
        check_in = answer(room, known, 0.75, week)
        recent += [item for item, *_ in room.sealer.read(check_in, "answers") if ITEMS[item].kind == "steering"]
        run(room, [known])
    wave = room.session.exec(select(Wave)).first()
    assert wave is not None
    chosen = choose_items(room.session, room.sealer, wave, [known, new])
    assert chosen == choose_items(room.session, room.sealer, wave, [new, known])
    rotated = choose(load(LATEST), round_number=wave.number, seed=new.id.int % 2**31)
    assert chosen[new.id] == rotated
    items = [ITEMS[id] for id in chosen[known.id]]
    assert [item.kind for item in items] == ["state"] * 2 + ["steering"] * 3
    assert len({item.factor for item in items[2:]}) == 3
    assert items[2].context == items[4].context != items[3].context
    assert {item.direction for item in items[2:]} == {1, -1}
    assert not set(recent) & set(chosen[known.id])


def test_an_item_goes_to_a_quarter_of_those_asked_together_at_most(room: Classroom):
    pupils = [room.pupil(FIRST + number) for number in range(16)]
    room.clock.move(days=7)
    for pupil in pupils:
        answer(room, pupil, 0.75, 1)
    run(room, pupils)
    wave = room.session.exec(select(Wave)).first()
    assert wave is not None
    given = [item for chosen in choose_items(room.session, room.sealer, wave, pupils).values() for item in chosen[2:]]
    assert max(given.count(item) for item in given) <= 4


def test_what_the_rotation_gives_to_new_pupils_counts_towards_an_items_quarter(room: Classroom):
    new = [room.pupil(FIRST + number) for number in range(8)]
    known = [room.pupil(FIRST + 20 + number) for number in range(8)]
    room.clock.move(days=7)
    for pupil in known:
        answer(room, pupil, 0.75, 1)
    run(room, known)
    wave = room.session.exec(select(Wave)).first()
    assert wave is not None
    chosen = choose_items(room.session, room.sealer, wave, [*known, *new])
    given = [item for its in chosen.values() for item in its[2:]]
    assert max(given.count(item) for item in given) <= 4


def test_items_of_a_bank_version_that_is_not_here_say_nothing():
    assert scoring.items_of("1999-1", "older").ids == ()
