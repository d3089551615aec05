"""The draw: only among near ties, only where the school agreed, the same whichever pass comes first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlmodel import Session, select

from scheduling.drawing import NEAR, WAIT, may_start
from scheduling.outcomes import follow_up_next, followed
from scheduling.scoring import take_in
from signals import flag
from signals.board import Board, new_board
from signals.evidence import evidence
from signals.flag import Bars
from store.school_tables import Draw
from store.sealing import Sealer
from store.tables import CheckIn, Flag, Pupil
from tests.bot.classroom import Classroom, classroom
from tests.scheduling.test_scoring import answer


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer, draw=True)


def board() -> Board:
    """A pupil of whom nothing is known, but low enough to have some points."""
    fresh = new_board(1)
    mean = fresh.mean.copy()
    mean[0, 4, 0] = -1.0
    return replace(fresh, mean=mean)


POINTS = float(flag.points(evidence(board()))[0])
CLOSE, CLEAR = Bars(POINTS - NEAR / 2, POINTS - 1), Bars(POINTS - NEAR, POINTS - 1)


def starts(room: Classroom, check_in: CheckIn, bars: Bars = CLOSE, its: Board | None = None) -> bool:
    return may_start(
        room.session,
        room.sealer,
        room.school,
        check_in.pupil_id,
        check_in.group_id,
        check_in.id,
        check_in.opened_at,
        its or board(),
        bars,
    )


def draws(room: Classroom) -> list[Draw]:
    return list(room.session.exec(select(Draw)))


def second(room: Classroom) -> CheckIn:
    """A check-in whose draw says that the pupil waits."""
    for number in range(40):
        check_in = room.check_in(room.pupil(7_000_000_100 + number))
        if not starts(room, check_in):
            return check_in
    raise AssertionError


def test_about_half_of_near_ties_come_first(room: Classroom):
    first = [starts(room, room.check_in(room.pupil(7_000_000_001 + number))) for number in range(60)]
    assert 15 <= sum(first) <= 45
    assert [row.first for row in sorted(draws(room), key=lambda row: row.id)] == first


def test_without_the_schools_agreement_nobody_waits(session: Session, sealer: Sealer):
    room = classroom(session, sealer)
    assert all(starts(room, room.check_in(room.pupil(7_000_000_001 + number))) for number in range(20))
    assert draws(room) == []


def test_whoever_is_clearly_above_the_bar_never_waits(room: Classroom):
    assert all(starts(room, room.check_in(room.pupil(7_000_000_001 + number)), CLEAR) for number in range(20))
    assert draws(room) == []


def test_priority_never_waits(room: Classroom):
    urgent = board()
    urgent.mean[0, 4, 0] = -2.6
    points = float(flag.points(evidence(urgent))[0])
    assert float(flag.chance(np.array(points))) >= flag.PRIORITY_CHANCE
    bars = Bars(points - NEAR / 2, points - 1)
    assert all(starts(room, room.check_in(room.pupil(7_000_000_001 + number)), bars, urgent) for number in range(20))
    assert draws(room) == []


def test_who_was_drawn_second_waits_four_weeks_and_then_no_longer(room: Classroom):
    check_in = second(room)
    pupil = room.session.get_one(Pupil, check_in.pupil_id)
    began, drawn = room.clock(), len(draws(room))
    answers = []
    for week in range(1, 5):
        room.clock.now = began + week * (WAIT / 4)
        answers.append(starts(room, room.check_in(pupil)))
    assert answers == [False, False, False, True]
    assert len(draws(room)) == drawn
    # Meanwhile clearly above the bar: it waits no longer.
    room.clock.now = began + WAIT / 4
    assert starts(room, room.check_in(pupil), CLEAR)


def test_the_same_check_in_is_drawn_alike_again(room: Classroom):
    check_in = second(room)
    assert [starts(room, check_in) for _ in range(3)] == [False] * 3
    for row in draws(room):
        room.session.delete(row)
    room.session.commit()
    assert starts(room, check_in) is False


def test_in_the_pass_who_was_drawn_second_is_not_flagged_and_both_are_followed_up(room: Classroom):
    raised: list[Flag] = []
    pupils = [room.pupil(7_000_000_001 + number) for number in range(3)]
    for week in range(14):
        room.clock.move(days=7)
        for pupil in pupils:
            answer(room, pupil, 0.75 if week < 8 else 0.25, week)
        ids = [pupil.id for pupil in pupils]
        take_in(room.session, room.sealer, room.school, ids, room.clock(), raised.append)
        room.session.commit()
    drawn = draws(room)
    assert drawn
    for row in drawn:
        at_once = [one for one in raised if one.check_in_id == row.check_in_id]
        assert len(at_once) == row.first
    room.clock.move(weeks=6)
    while follow_up_next(room.session, room.sealer, room.school.id, room.clock()):
        room.session.commit()
    cases = followed(room.session, room.sealer, room.school.id, room.clock()).drawn
    assert sorted(case.acted for case in cases) == sorted(row.first for row in drawn)
    assert all(np.isfinite([case.before, case.slope, case.after]).all() for case in cases)
