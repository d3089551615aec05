"""Absence and closed days are taken out of silence, also out of what had been taken in as missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import Session, select

from bot.commands.absence import note, read_marks
from bot.importing.rows import ImportProblem
from scheduling.absence import set_aside, set_aside_closed, work_out_anew
from scheduling.briefing import response
from scheduling.calendar import Closure
from scheduling.scoring import look, take_in
from signals.silence import silence
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import Audit, CheckIn, Flag, Pupil, Wave
from tests.bot.classroom import Classroom, classroom
from tests.scheduling.test_scoring import answer


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def weeks_of(room: Classroom, pupil: Pupil, states: str) -> list[CheckIn]:
    """A check-in a week: "a" answered, "m" missed; each is taken in at once."""
    found = []
    for week, letter in enumerate(states):
        room.clock.move(days=7)
        found.append(answer(room, pupil, 0.75, week, "answered" if letter == "a" else "missed"))
        take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None)
        room.session.commit()
    return found


def its_silence(room: Classroom, pupil: Pupil) -> float:
    board, _ = look(room.session, room.sealer, room.school.id, [pupil.id], room.clock())
    return float(silence(board.rhythm)[0])


def days_of(room: Classroom, check_ins: list[CheckIn]) -> set:
    return {room.school.calendar.local_date(one.opened_at) for one in check_ins}


def test_what_was_missed_while_absent_is_as_if_it_had_not_been_asked(room: Classroom):
    away, never_asked = room.pupil(7_000_000_001), room.pupil(7_000_000_002)
    missed = weeks_of(room, away, "aaaaammm")[5:]
    room.clock.move(weeks=-8)
    weeks_of(room, never_asked, "aaaaa")
    room.clock.move(weeks=3)
    assert its_silence(room, away) > 0.3
    count, anew = set_aside(room.session, room.school, {away.id: days_of(room, missed)})
    assert (count, anew) == (3, (away.id,))
    work_out_anew(room.session, room.sealer, room.school, anew, room.clock())
    room.session.commit()
    assert {row.state for row in room.rows(CheckIn, pupil_id=away.id)} == {"answered", "absent"}
    assert its_silence(room, away) == pytest.approx(its_silence(room, never_asked), abs=1e-9)


def test_other_days_other_pupils_and_what_was_answered_stay(room: Classroom):
    one, other = room.pupil(7_000_000_001), room.pupil(7_000_000_002)
    check_ins = weeks_of(room, one, "am")
    weeks_of(room, other, "m")
    before = {row.id: row.state for row in room.rows(CheckIn)}
    day = room.school.calendar.local_date(check_ins[1].opened_at)
    assert set_aside(room.session, room.school, {one.id: {day + timedelta(days=1)}, other.id: set()}) == (0, ())
    assert set_aside(room.session, room.school, {one.id: days_of(room, check_ins[:1])}) == (0, ())
    assert {row.id: row.state for row in room.rows(CheckIn)} == before


def test_what_has_not_been_taken_in_yet_needs_no_working_out(room: Classroom):
    pupil = room.pupil(7_000_000_001)
    weeks_of(room, pupil, "aa")
    room.clock.move(days=7)
    late = answer(room, pupil, 0.5, 3, "missed")
    assert set_aside(room.session, room.school, {pupil.id: days_of(room, [late])}) == (1, ())
    take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), None)
    assert its_silence(room, pupil) == 0.0


def test_working_out_anew_tells_nobody_and_keeps_the_rest_after_a_nudge(room: Classroom):
    pupil = room.pupil(7_000_000_001)
    weeks_of(room, pupil, "aaaam")
    (row,) = room.session.exec(select(Signal)).all()
    data = room.sealer.read(row, "data")
    rests_since = (room.clock() - timedelta(weeks=2)).isoformat()
    room.sealer.write(row, "data", {**data, "up_at": rests_since})
    room.session.add(row)
    room.session.commit()
    work_out_anew(room.session, room.sealer, room.school, [pupil.id], room.clock())
    room.session.commit()
    (again,) = room.session.exec(select(Signal)).all()
    assert room.sealer.read(again, "data")["up_at"] == rests_since
    assert np.isclose(room.sealer.read(again, "data")["points"], data["points"])
    assert room.rows(Flag) == []


def test_a_check_in_of_a_day_that_became_closed_is_set_aside(room: Classroom):
    pupil = room.pupil(7_000_000_001)
    (check_in,) = weeks_of(room, pupil, "m")
    day = room.school.calendar.local_date(check_in.opened_at)
    assert set_aside_closed(room.session, room.school, room.clock()) == 0
    calendar = room.school.calendar
    snowed = replace(
        room.school,
        calendar=replace(calendar, closures=(*calendar.closures, Closure("Closed", day, day, "closed"))),
    )
    assert set_aside_closed(room.session, snowed, room.clock() + timedelta(weeks=3)) == 0
    assert set_aside_closed(room.session, snowed, room.clock()) == 1
    assert check_in.state == "absent"


def test_who_was_absent_is_not_among_those_asked(room: Classroom):
    pupil = room.pupil(7_000_000_001)
    (check_in,) = weeks_of(room, pupil, "m")
    wave = room.session.get_one(Wave, check_in.wave_id)
    assert response(room.session, wave, room.group).asked == 1
    set_aside(room.session, room.school, {pupil.id: days_of(room, [check_in])})
    assert response(room.session, wave, room.group).asked == 0


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file_of_absence_is_noted_and_ids_not_known_are_counted(room: Classroom, tmp_path: Path):
    pupil = room.pupil(7_000_000_001)
    (check_in,) = weeks_of(room, pupil, "m")
    pupil.mis_key = room.sealer.blind("mis", "P77")
    room.session.add(pupil)
    room.session.commit()
    day = room.school.calendar.local_date(check_in.opened_at)
    file = tmp_path / "absence.csv"
    file.write_text(f"pupil_id,date,mark\nP77,{day:%d/%m/%Y},I\nP77,{day + timedelta(days=1)},I\nP99,{day},I\n")
    marks = read_marks(file)
    count, anew, unknown = note(room.session, room.sealer, room.school, marks, room.clock())
    assert (count, anew, unknown) == (1, (pupil.id,), 1)
    assert [row.action for row in room.rows(Audit)] == ["absence noted"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("pupil_id,date\n", "needs a first line with pupil_id and date"),
        ("pupil_id,date,date\nP1,2026-11-24,2026-11-24\n", "needs a first line with pupil_id and date"),
        ("who,when\nP1,2026-11-24\n", "needs a first line with pupil_id and date"),
        ("pupil_id,date\nP1,2026-11-24\nP2,soon\n,2026-11-24\n", "lines 3, 4 hold no id or no day"),
        ("pupil_id,date\nP1\n", "line 2 holds no id or no day"),
        ("pupil_id,date\nP1,2026-02-30\n", "line 2 holds no id or no day"),
    ],
)
def test_a_file_that_is_wrong_is_refused_whole(tmp_path: Path, content: str, sentence: str):
    file = tmp_path / "absence.csv"
    file.write_text(content)
    with pytest.raises(ImportProblem, match=sentence):
        read_marks(file)


def test_a_file_that_is_no_text_or_not_there_is_refused_in_a_sentence(tmp_path: Path):
    file = tmp_path / "absence.csv"
    with pytest.raises(ImportProblem, match="is not there"):
        read_marks(file)
    file.write_bytes(b"pupil_id\0,date")
    with pytest.raises(ImportProblem, match="is not a CSV file"):
        read_marks(file)


def test_a_file_is_read_in_whatever_form_a_system_exports_it(tmp_path: Path):
    file = tmp_path / "absence.csv"
    file.write_bytes("Admission No;Name;Date\nP1;Zoë;24/11/2026\nP2;;24.11.2026\nP3;;46350\n".encode("cp1252"))
    assert read_marks(file) == [(reference, date(2026, 11, 24)) for reference in ("P1", "P2", "P3")]
