"""The impact report: flags of eight weeks ago, how things were then and after, in words a governor can follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.commands.impact import gather, sentences
from conversations.bank import LATEST, load
from scheduling.scoring import take_in
from signals.impact import Impact
from store.sealing import Sealer
from store.tables import Audit, Flag
from tests.bot.classroom import Classroom, classroom

STATE = [item for item in load(LATEST).items.values() if item.kind == "state"]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


@pytest.mark.parametrize(("state", "acted"), [("taken", True), ("done", True), ("not_needed", False), ("new", False)])
def test_each_case_holds_how_things_were_at_the_flag_and_eight_weeks_later(room: Classroom, state: str, acted: bool):
    pupil, flags = room.pupil(7_000_000_001), []
    for week in range(24):
        room.clock.move(days=7)
        check_in = room.check_in(pupil)
        answers = []
        for item in (STATE[week % 15], STATE[(week + 4) % 15]):
            option = 0 if 6 <= week < 10 else 3
            answers.append([item.id, option if item.direction == 1 else 4 - option, 4_000])
        room.sealer.write(check_in, "answers", answers)
        check_in.state, check_in.ended_at = "answered", room.clock()
        room.session.add(check_in)
        room.session.commit()
        take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), flags.append)
    (flag,) = flags
    flag.state = state
    room.session.add(flag)
    room.session.commit()
    assert gather(room.session, room.sealer, flag.raised_at + timedelta(weeks=7)) == []
    (case,) = gather(room.session, room.sealer, room.clock())
    assert (case.group, case.acted) == (room.group.id.hex, acted)
    assert case.before < 0.0 < 0.4 < case.after
    # What came later than eight weeks after is not looked at.
    later = room.session.exec(select(Flag)).one()
    late = gather(room.session, room.sealer, later.raised_at + timedelta(weeks=8))
    assert late == [case]
    assert {row.action for row in room.session.exec(select(Audit))} == {"read impact"}


def test_it_says_what_comes_of_itself_beside_what_got_better():
    words = " ".join(sentences(60, Impact(25, 0.1, -0.2, 0.4, 0.64, 0.56)))
    assert "64% of the first were better. Of the second it was 56%" in words
    assert "+0.10 SD (-0.20 to +0.40): no more than chance could do" in words
    assert "more than chance would do" in " ".join(sentences(60, Impact(25, 0.3, 0.1, 0.5, 0.64, 0.5)))


def test_of_too_few_it_says_that_it_says_nothing():
    assert sentences(3, None)[0].startswith("Too little to go by: of 3 flags")
