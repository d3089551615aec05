"""The fairness report: groups from a file, flags and answers from the store, bad files in a sentence."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.clock import Clock
from bot.commands.fairness import compare, differing_items, read_groups, read_needed
from bot.importing.rows import ImportProblem
from bot.opening import open_store
from bot.settings import Settings
from store.sealing import Sealer
from store.tables import Audit, Flag, Pupil
from tests.bot.classroom import Classroom, classroom
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, Told, _as_before, earshot, made
from tests.factories import make_group, make_pupil, make_school

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def test_flags_and_answers_are_compared_by_group(room: Classroom):
    clock = Clock()
    room.clock.now = clock() - timedelta(days=30)
    listed = [("NOT-HERE", "red")]
    for number in range(24):
        pupil = room.pupil(7_000_000_001 + number)
        pupil.mis_key = room.sealer.blind("mis", f"P{number}")
        listed.append((f"P{number}", "red" if number < 12 else "blue"))
        check_in = room.check_in(pupil)
        check_in.state = "answered" if number < 18 else "missed"
        room.session.add_all([pupil, check_in])
        if number < 3:
            flag = Flag(
                school_id=room.school.id,
                pupil_id=pupil.id,
                group_id=room.group.id,
                check_in_id=check_in.id,
                rule="t",
                raised_at=room.clock() - timedelta(days=400 if number == 2 else 1),
            )
            room.sealer.write(flag, "reasons", {})
            room.session.add(flag)
    # Somebody of the same id at another school is nobody here.
    elsewhere = make_school(room.session)
    namesake = make_pupil(room.session, room.sealer, elsewhere, make_group(room.session, elsewhere, "7B", 7))
    namesake.mis_key = room.sealer.blind("mis", "P3")
    room.session.commit()
    found = compare(room.session, room.sealer, listed, clock)
    assert [(one.group, one.pupils, one.rate) for one in found.flagged] == [("blue", 12, 0.0), ("red", 12, 2 / 12)]
    assert [(one.group, one.rate) for one in found.answering] == [("blue", 0.5), ("red", 1.0)]
    assert found.unknown == 1
    assert [row.action for row in room.session.exec(select(Audit))] == ["read fairness"]


def test_of_those_who_needed_somebody_each_groups_share_that_was_flagged_is_told_and_small_groups_are_not(
    room: Classroom,
):
    clock = Clock()
    room.clock.now = clock() - timedelta(days=30)
    listed = []
    for number in range(40):
        pupil = room.pupil(7_000_000_001 + number)
        pupil.mis_key = room.sealer.blind("mis", f"P{number}")
        listed.append((f"P{number}", ("red", "blue", "green", "grey")[number // 12]))
        check_in = room.check_in(pupil)
        if number % 3 == 0:
            flag = Flag(
                school_id=room.school.id,
                pupil_id=pupil.id,
                group_id=room.group.id,
                check_in_id=check_in.id,
                rule="t",
                raised_at=room.clock(),
            )
            room.sealer.write(flag, "reasons", {})
            room.session.add(flag)
    room.session.commit()
    # All of red and blue, eight of green and grey together; one whom nobody knows.
    needed = [f"P{number}" for number in (*range(24), *range(24, 30), 36, 37)] + ["NOT-HERE"]
    found = compare(room.session, room.sealer, listed[:-2], clock, needed)
    assert found.unplaced == 1
    assert [(one.group, one.pupils, one.rate) for one in found.found] == [
        ("blue", 12, 4 / 12),
        ("green", None, None),
        ("grey", None, None),
        ("red", 12, 4 / 12),
    ]
    assert compare(room.session, room.sealer, listed, clock).found == ()


def test_who_needed_somebody_is_read_by_id_alone(tmp_path: Path):
    file = tmp_path / "needed.csv"
    file.write_text("pupil_id\nP1\nP2\n", "utf-8")
    assert read_needed(file) == ["P1", "P2"]
    file.write_text("name\nP1\n", "utf-8")
    with pytest.raises(ImportProblem, match=r"needed\.csv needs a first line with pupil_id, and a line for each pupil"):
        read_needed(file)


def test_a_question_one_group_answers_otherwise_is_found_and_the_others_are_not(room: Classroom):
    clock, chance = Clock(), random.Random(3)  # noqa: S311 (made-up answers)
    room.clock.now = clock() - timedelta(days=60)
    listed = []
    for number in range(60):
        pupil = room.pupil(7_000_000_001 + number)
        pupil.mis_key = room.sealer.blind("mis", f"P{number}")
        listed.append((f"P{number}", "red" if number % 2 else "blue"))
        room.session.add(pupil)
        for _ in range(4):
            check_in = room.check_in(pupil)
            fair, odd = chance.randint(0, 4), chance.randint(2, 4) if number % 2 else chance.randint(0, 2)
            room.sealer.write(check_in, "answers", [["SD-IN-1", fair, 4_000], ["SD-IN-3", odd, 4_000]])
            check_in.state, check_in.ended_at = "answered", check_in.opened_at
            room.session.add(check_in)
    room.session.commit()
    tested = differing_items(room.session, room.sealer, listed, clock)
    assert {item: its.notable(2) for item, its in tested.items()} == {
        "SD-IN-1 (older)": False,
        "SD-IN-3 (older)": True,
    }


@pytest.mark.parametrize("content", [b"", b"pupil,group\n1,a\n", b"pupil_id,group\n", b"pupil_id,group\n\0,a\n"])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, content: bytes):
    file = tmp_path / "groups.csv"
    file.write_bytes(content)
    with pytest.raises(ImportProblem, match=r"groups\.csv"):
        read_groups(file)
    with pytest.raises(ImportProblem, match=r"none\.csv is not there"):
        read_groups(tmp_path / "none.csv")


def test_a_group_that_is_not_given_is_a_group_of_its_own(tmp_path: Path):
    file = tmp_path / "groups.csv"
    file.write_text("pupil_id,group,more\nP1, red ,x\nP2,,y\n", "utf-8")
    assert read_groups(file) == [("P1", "red"), ("P2", "not given")]


def test_a_file_that_names_no_pupil_here_is_told_instead_of_an_empty_table(made: Earshot):
    Path("groups.csv").write_text("pupil_id,group\nNOT-HERE,red\n")
    words = "No pupil_id of groups.csv is of a pupil who takes part: take them from the list that was imported."
    assert made("fairness", "groups.csv") == Told(1, "", words)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["X1"], "1 id of the file is of no pupil who takes part; it was left out."),
        (["X1", "X2"], "2 ids of the file are of no pupil who takes part; they were left out."),
    ],
)
def test_ids_that_are_left_out_are_counted_in_good_english(people: Earshot, ids: list[str], words: str):
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        for pupil in session.exec(select(Pupil)):
            pupil.status = "active"
            session.add(pupil)
        session.commit()
    engine.dispose()
    lines = "".join(f"{one},red\n" for one in ["P1", *ids])
    Path("groups.csv").write_text(f"pupil_id,group\n{lines}")
    told = people("fairness", "groups.csv")
    assert (told.status, told.err, words in told.out) == (0, "", True)


def test_with_a_list_of_those_who_needed_somebody_a_second_table_comes_and_ids_in_no_group_are_counted(people: Earshot):
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        for pupil in session.exec(select(Pupil)):
            pupil.status = "active"
            session.add(pupil)
        session.commit()
    engine.dispose()
    Path("groups.csv").write_text("pupil_id,group\nP1,red\n")
    Path("needed.csv").write_text("pupil_id\nP1\nX1\n")
    told = people("fairness", "groups.csv", "--needed", "needed.csv")
    assert (told.status, told.err) == (0, "")
    assert "of those who needed somebody, flagged in a year" in told.out
    assert "Ids of needed.csv that are in no group of groups.csv, and were left out: 1." in told.out
