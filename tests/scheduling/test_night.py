"""The nightly pass: whoever else is in the store and in whatever order, and whatever a check-in holds."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session, select

from conversations.bank import LATEST, load
from scheduling.choosing import choose_items
from scheduling.kept import read
from scheduling.scoring import take_in
from signals.board import errors, levels, new_board
from signals.keeping import take_up
from signals.silence import of_late, silence
from store import consent
from store.due import set_due
from store.sealing import Sealer
from store.signal_tables import Signal, SignalBars
from store.tables import CheckIn, Due, Flag, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import NOW
from tests.scheduling.test_scoring import FIRST, answer, kept, night

STATE = [item.id for item in load(LATEST).items.values() if item.kind == "state"]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def test_one_schools_night_leaves_another_school_as_it_was(room: Classroom):
    other = classroom(room.session, room.sealer)
    theirs = [other.pupil(FIRST + 50 + number) for number in range(2)]
    ours = [room.pupil(FIRST + number) for number in range(3)]
    night(room)
    for week in range(8):
        room.clock.move(days=7)
        other.clock.now = room.clock()
        for pupil in ours:
            answer(room, pupil, 0.75, week)
        for pupil in theirs:
            answer(other, pupil, 0.75 if week < 5 else 0.0, week)
        assert night(room) == []
    assert kept(room).keys() == {pupil.id for pupil in ours}
    bars = room.session.get_one(SignalBars, room.school.id)
    assert (bars.pupils, bars.enter) == (3, pytest.approx(math.log(0.15 / 0.85)))
    assert room.session.get(SignalBars, other.school.id) is None
    # And theirs, in its turn, leaves ours: one bar and one count for each.
    before = kept(room)
    night(other)
    assert {pupil: its for pupil, its in kept(other).items() if pupil in before} == before
    assert room.session.get_one(SignalBars, other.school.id).pupils == 2
    assert {row.school_id for row in room.session.exec(select(Signal)) if row.pupil_id not in before} == {
        other.school.id
    }


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_order_in_which_pupils_are_taken_changes_no_flag(room: Classroom, order: slice):
    pupils = [room.pupil(FIRST + number) for number in range(8)]
    night(room)
    raised: list[Flag] = []
    for week in range(8):
        room.clock.move(days=7)
        for number, pupil in enumerate(pupils):
            answer(room, pupil, 0.0 if number < 5 and week > 4 else 0.75, week)
        ids = [pupil.id for pupil in pupils][order]
        take_in(room.session, room.sealer, room.school, ids, room.clock(), raised.append)
        room.session.commit()
    # Five are due and three may be: whose check-ins ended first, or began first if they ended together.
    assert [flag.pupil_id for flag in raised] == [pupil.id for pupil in pupils[:3]]


def lived(room: Classroom, check_in: CheckIn, answers: list[list[Any]] | None) -> CheckIn:
    check_in.state, check_in.ended_at = "answered", room.clock() + timedelta(minutes=5)
    if answers is not None:
        room.sealer.write(check_in, "answers", answers)
    room.session.add(check_in)
    room.session.commit()
    return check_in


USUAL = [[STATE[0], 2, 4_000], [STATE[1], 2, 4_000]]


@pytest.mark.parametrize(
    ("answers", "change"),
    [
        (None, {}),
        ([], {}),
        ([[STATE[0], 2, 4_000]], {}),
        ([["gone", 2, 4_000], ["", 0, 1]], {}),
        ([[STATE[0], 99, 4_000], [STATE[1], -1, 4_000]], {}),
        ([[STATE[0], None, 0], [STATE[1], None, 0]], {}),
        ([[STATE[0], 2, -5], [STATE[1], 2, 10**12]], {}),
        ([[item, 2, 4_000] for item in STATE * 2], {}),
        (USUAL, {"bank_version": "1999-1"}),
        (USUAL, {"phase": "young"}),
        (USUAL, {"phase": "neither"}),
        (USUAL, {"ended_at": None}),
    ],
)
def test_whatever_a_check_in_holds_the_pass_goes_on_and_the_level_stays_defined(
    room: Classroom, answers: list[list[Any]] | None, change: dict[str, object]
):
    pupil, beside = room.pupil(FIRST), room.pupil(FIRST + 1)
    odd = lived(room, room.check_in(pupil), answers)
    for name, value in change.items():
        setattr(odd, name, value)
    lived(room, room.check_in(beside), USUAL)
    night(room)
    (board,) = (take_up([one.row]) for one in read(room.session, room.sealer, room.school.id, [pupil.id], room.clock()))
    assert np.isfinite(levels(board)).all()
    # One check-in tells little at most: far from certain, and what it does not know is a stranger's.
    assert (errors(board)[0] > 0.6).all()
    assert np.allclose(errors(board)[0, :4], errors(new_board(1))[0, :4])
    assert kept(room)[pupil.id][0] is False
    assert room.session.get_one(Signal, pupil.id).as_of == odd.opened_at
    assert kept(room)[beside.id][1] > -10


def test_opting_out_is_no_silence_whatever_was_open_and_raises_nobody(room: Classroom):
    stays, stops = room.pupil(FIRST), room.pupil(FIRST + 1)
    night(room)
    for week in range(8):
        room.clock.move(days=7)
        for pupil in (stays, stops):
            answer(room, pupil, 0.6, week)
        night(room)
    before = kept(room)
    # Their next check-in is open, and another never came: then they stop.
    room.clock.move(days=7)
    for state in ("open", "undelivered"):
        check_in = room.check_in(stops)
        check_in.state = state
        room.session.add(check_in)
    room.session.commit()
    assert consent.stop(room.session, stops, room.clock(), "somebody")
    room.session.commit()
    room.clock.move(days=1)
    assert night(room) == []
    (one,) = read(room.session, room.sealer, room.school.id, [stops.id], room.clock())
    assert one.as_of is not None
    assert one.as_of > room.clock() - timedelta(days=2)
    rhythm = take_up([one.row]).rhythm
    assert silence(rhythm)[0] == 0.0
    assert [int(count[0]) for count in of_late(rhythm)] == [8, 8]
    # A week passed, and nothing else.
    assert kept(room)[stops.id][1] == pytest.approx(before[stops.id][1], abs=0.25)


@pytest.mark.parametrize(("state", "raised"), [("partial", 0), ("undelivered", 0), ("absent", 0), ("answered", 1)])
def test_a_check_in_that_says_nothing_raises_nobody(room: Classroom, state: str, raised: int):
    """What is known is old news; only what a pupil says, or leaves, may make it new."""
    pupil = room.pupil(FIRST)
    night(room)
    for week in range(9):
        room.clock.move(days=7)
        answer(room, pupil, 0.75 if week < 5 else 0.0, week)
    room.clock.move(days=7)
    answer(room, pupil, 0.0, 10, state)
    assert len(night(room)) == raised


def test_who_skips_every_question_was_there_and_is_not_silent(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(8):
        room.clock.move(days=7)
        answer(room, pupil, 0.6, week)
    for _ in range(3):
        room.clock.move(days=7)
        lived(room, room.check_in(pupil), [[STATE[0], None, 900], [STATE[1], None, 900]])
    night(room)
    (one,) = read(room.session, room.sealer, room.school.id, [pupil.id], room.clock())
    assert silence(take_up([one.row]).rhythm)[0] == 0.0


def test_a_pupil_who_changes_age_band_goes_on_from_what_was_known(room: Classroom):
    pupil = room.pupil(FIRST)
    pupil.phase = "young"
    room.session.add(pupil)
    for week in range(6):
        room.clock.move(days=7)
        lived(room, room.check_in(pupil), [[STATE[week], 0, 4_000], [STATE[week + 1], 0, 4_000]])
    night(room)
    pupil.phase = "older"
    room.session.add(pupil)
    room.session.commit()
    before = level_of(room, pupil.id)
    room.clock.move(days=7)
    answer(room, pupil, 0.5, 9)
    night(room)
    after = level_of(room, pupil.id)
    assert abs(after - before) < 0.7
    assert abs(after) > 0.0


def level_of(room: Classroom, pupil_id: Any) -> float:  # noqa: ANN401 (a pupil's id)
    (one,) = read(room.session, room.sealer, room.school.id, [pupil_id], room.clock())
    return float(levels(take_up([one.row]))[0, 4])


def test_after_a_years_gap_a_stranger_is_met_again_who_keeps_the_side(room: Classroom):
    pupil = room.pupil(FIRST)
    for week in range(10):
        room.clock.move(days=7)
        answer(room, pupil, 1.0, week)
    night(room)
    before = level_of(room, pupil.id)
    room.clock.move(days=371)
    answer(room, pupil, 0.5, 3)
    night(room)
    (one,) = read(room.session, room.sealer, room.school.id, [pupil.id], room.clock())
    board = take_up([one.row])
    assert 0 < levels(board)[0, 4] < before
    assert errors(board)[0, 4] > 0.6


# --- a row that was damaged -------------------------------------------------------------------------------------------


def damage(room: Classroom, row: Signal | CheckIn, column: str) -> None:
    sealed = getattr(row, column)
    setattr(row, column, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    room.session.add(row)
    room.session.commit()


def test_what_is_kept_of_a_pupil_and_was_damaged_holds_up_nobody_and_is_worked_out_anew(room: Classroom):
    pupils = [room.pupil(FIRST + number) for number in range(3)]
    night(room)
    for week in range(4):
        room.clock.move(days=7)
        for pupil in pupils:
            answer(room, pupil, 0.75, week)
        night(room)
    whole = kept(room)
    damage(room, room.session.exec(select(Signal).where(Signal.pupil_id == pupils[0].id)).one(), "data_sealed")
    # The next check-in opens for everybody all the same.
    wave = Wave(school_id=room.school.id, day="t", number=9, opens_at=NOW, closes_at=NOW, bank_version=LATEST)
    items = choose_items(room.session, room.sealer, wave, pupils)
    assert items.keys() == whole.keys()
    room.clock.move(days=7)
    for pupil in pupils:
        answer(room, pupil, 0.75, 4)
    assert night(room) == []
    now = kept(room)
    assert now[pupils[0].id][1] == pytest.approx(now[pupils[1].id][1])


def test_a_pupil_who_cannot_be_taken_in_keeps_nobody_else_from_it(room: Classroom):
    pupils = [room.pupil(FIRST + number) for number in range(7)]
    night(room)
    room.clock.move(days=7)
    for pupil in pupils:
        answer(room, pupil, 0.75, 0)
    night(room)
    row = room.session.get_one(Signal, pupils[4].id)
    room.sealer.write(row, "data", {"board": None, "up_at": None, "recent": 7, "points": 0.0})
    room.session.add(row)
    room.session.commit()
    as_of = row.as_of
    room.clock.move(days=7)
    for pupil in pupils:
        answer(room, pupil, 0.75, 1)
    set_due(room.session, room.school.id, "signals.night", "nightly", room.clock())
    room.session.commit()
    room.run_due()
    taken = {row.pupil_id for row in room.rows(Signal) if row.as_of > as_of}
    assert taken == {pupil.id for pupil in pupils} - {pupils[4].id}
    assert [event for event, _ in room.failures()] == ["signals.night"]
    # Tomorrow again, and not in a moment.
    assert [row.due_at > room.clock() + timedelta(hours=6) for row in room.rows(Due, kind="signals.night")] == [True]


def test_what_is_kept_of_a_pupil_in_a_shape_unknown_here_is_worked_out_anew(room: Classroom):
    pupil = room.pupil(FIRST)
    answer(room, pupil, 0.75, 0)
    night(room)
    row = room.session.get_one(Signal, pupil.id)
    room.sealer.write(row, "data", {"of another shape": 1})
    room.session.add(row)
    room.session.commit()
    wave = room.rows(Wave)[0]
    assert len(choose_items(room.session, room.sealer, wave, [pupil])[pupil.id]) == 5
    room.clock.move(days=7)
    answer(room, pupil, 0.75, 1)
    night(room)
    assert room.sealer.read(room.session.get_one(Signal, pupil.id), "data").keys() >= {"board", "points"}


def test_a_nudge_whose_signal_was_damaged_does_not_come_again(room: Classroom):
    pupil = room.pupil(FIRST)
    for number in range(1, 6):
        room.pupil(FIRST + number)
    night(room)
    raised: list[Flag] = []
    for week in range(8):
        room.clock.move(days=7)
        answer(room, pupil, 0.75 if week < 4 else 0.0, week)
        raised += night(room)
    assert len(raised) == 1
    high = kept(room)[pupil.id][1]
    damage(room, room.session.exec(select(Signal).where(Signal.pupil_id == pupil.id)).one(), "data_sealed")
    room.clock.move(days=7)
    answer(room, pupil, 0.0, 8)
    assert night(room) == []
    assert kept(room)[pupil.id][1] > high / 2


def test_answers_that_were_damaged_hold_up_nobody_and_are_no_silence(room: Classroom):
    pupil, beside = room.pupil(FIRST), room.pupil(FIRST + 1)
    night(room)
    for week in range(3):
        room.clock.move(days=7)
        damage(room, answer(room, pupil, 0.0, week), "answers_sealed")
        answer(room, beside, 0.75, week)
    assert night(room) == []
    assert kept(room).keys() == {pupil.id, beside.id}
