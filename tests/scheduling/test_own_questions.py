"""A school's own questions in its waves: pinned to a version, out of the signals, shown back to the pupil."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, delete, select

from bot.own_answers import sheets_of
from conversations.bank import LATEST
from conversations.model import Tap
from scheduling import rounds
from scheduling.scoring import look, take_in
from scheduling.waves import WaveTimes
from store import questions
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import CheckIn, Pupil
from tests.bot.classroom import Classroom, classroom
from tests.dialogues.transcript import in_english

CHAT = 7_000_000_001
LUNCH = """
[[item]]
id = "LUNCH-1"
older.stem = "Where do you sit at lunch?"
older.options = ["At the edge", "In the middle"]
"""
WHOLE = LUNCH + '[[check_in]]\nweek_of = 2026-11-24\nitems = ["LUNCH-1"]\n'


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def publish(room: Classroom, text: str) -> None:
    questions.publish(room.session, room.school.id, text, room.clock())
    room.clock.move(minutes=1)


def wave(room: Classroom) -> CheckIn:
    now = room.clock()
    rounds.open_now(room.session, room.school, WaveTimes(now, None, now + timedelta(hours=5)), now)
    room.session.commit()
    # Groups are opened a little apart.
    room.clock.move(minutes=1)
    room.run_due()
    return room.session.exec(select(CheckIn)).one()


def answer_all(room: Classroom, check_in: CheckIn, count: int) -> None:
    for position in range(count):
        room.say(CHAT, Tap(f"c:{check_in.id.hex}:{position}:0"))
    room.say(CHAT, Tap(f"c:{check_in.id.hex}:{count}:done"))
    room.session.refresh(check_in)


def known(room: Classroom, pupil: Pupil) -> str:
    board, _ = look(room.session, room.sealer, room.school.id, [pupil.id], room.clock())
    return str(board)


def test_a_check_in_is_pinned_to_both_versions_and_asks_the_own_question_last(room: Classroom):
    room.pupil(CHAT)
    publish(room, LUNCH)
    check_in = wave(room)
    assert check_in.bank_version == f"{LATEST}+1"
    answer_all(room, check_in, 6)
    answers = room.sealer.read(check_in, "answers")
    assert ([item for item, _, _ in answers][-1], len(answers), check_in.state) == ("own:LUNCH-1", 6, "answered")


def test_a_version_published_after_a_wave_opened_is_not_in_it(room: Classroom):
    room.pupil(CHAT)
    now = room.clock()
    rounds.open_now(room.session, room.school, WaveTimes(now, None, now + timedelta(hours=5)), now)
    room.clock.move(minutes=1)
    publish(room, LUNCH)
    room.run_due()
    (check_in,) = room.session.exec(select(CheckIn)).all()
    assert check_in.bank_version == LATEST


def test_who_is_mid_way_finishes_the_version_they_began(room: Classroom):
    room.pupil(CHAT)
    publish(room, LUNCH)
    check_in = wave(room)
    room.say(CHAT, Tap(f"c:{check_in.id.hex}:0:0"))
    publish(room, LUNCH.replace("LUNCH-1", "LUNCH-2").replace("Where do", "Near whom do"))
    for position in range(1, 6):
        room.say(CHAT, Tap(f"c:{check_in.id.hex}:{position}:0"))
    room.say(CHAT, Tap(f"c:{check_in.id.hex}:6:done"))
    room.session.refresh(check_in)
    assert room.sealer.read(check_in, "answers")[-1][0] == "own:LUNCH-1"


def test_own_answers_are_shown_back_to_the_pupil_in_the_words_of_their_version(room: Classroom):
    pupil = room.pupil(CHAT)
    publish(room, WHOLE)
    answer_all(room, wave(room), 1)
    publish(room, LUNCH.replace("LUNCH-1", "LUNCH-2"))
    (sheet,) = sheets_of(room.session, room.sealer, pupil)
    assert [tuple(map(in_english, line)) for line in sheet.lines] == [("Where do you sit at lunch?", "At the edge")]


def test_own_answers_change_nothing_of_what_the_signals_know(room: Classroom):
    pupil = room.pupil(CHAT)
    check_in = wave(room)
    answer_all(room, check_in, 5)
    without = known(room, pupil)
    answers = room.sealer.read(check_in, "answers")
    check_in.bank_version = f"{LATEST}+1"
    # Answered in no time, at one end: nothing of that may look like haste.
    room.sealer.write(check_in, "answers", [["own:LUNCH-1", 1, 1], *answers, ["own:LUNCH-2", 0, 1]])
    room.session.add(check_in)
    room.session.exec(delete(Signal))
    room.session.commit()
    assert known(room, pupil) == without
    room.sealer.write(check_in, "answers", [*answers[:-1], [answers[-1][0], 4, answers[-1][2]]])
    room.session.commit()
    assert known(room, pupil) != without


def test_leaving_a_check_in_of_own_questions_alone_is_no_silence(room: Classroom):
    pupil = room.pupil(CHAT)
    publish(room, WHOLE)
    check_in = wave(room)
    assert check_in.bank_version == "+1"
    check_in.state, check_in.ended_at = "missed", room.clock()
    room.session.add(check_in)
    room.session.commit()
    own = known(room, pupil)
    check_in.bank_version = LATEST
    room.session.commit()
    assert known(room, pupil) != own


def test_a_night_passes_over_them_as_well(room: Classroom):
    pupil = room.pupil(CHAT)
    publish(room, WHOLE)
    answer_all(room, wave(room), 1)
    take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None)
    (row,) = room.session.exec(select(Signal)).all()
    assert room.sealer.read(row, "data")["recent"] == []
