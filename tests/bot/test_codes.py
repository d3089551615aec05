"""Join codes to hand out: one for each pupil without a phone, in a file nobody else can read, old ones ended."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.codes import write_codes
from bot.commands.tools import FileProblem
from store.invites import look_up
from store.sealing import Sealer
from store.tables import School
from tests.bot.commands.test_care import actions
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made
from tests.factories import NOW, make_group, make_pupil, make_school

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def school(session: Session, sealer: Sealer) -> School:
    facts = make_school(session)
    for name, year in (("10A", 10), ("7B", 7)):
        group = make_group(session, facts, name, year)
        make_pupil(session, sealer, facts, group, status="invited")
        make_pupil(session, sealer, facts, group, chat_id=year)
    return session.get_one(School, facts.id)


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_pupil_without_a_phone_gets_a_code_that_works(
    session: Session, sealer: Sealer, school: School, tmp_path: Path
):
    path = tmp_path / "codes.csv"
    assert write_codes(session, sealer, school, path, NOW) == 2
    rows = written(path)
    assert [row["group"] for row in rows] == ["7B", "10A"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    outcomes = [look_up(session, sealer, school.id, b"chat", row["code"], NOW).outcome for row in rows]
    assert outcomes == ["valid", "valid"]


def test_codes_made_anew_end_those_before(session: Session, sealer: Sealer, school: School, tmp_path: Path):
    write_codes(session, sealer, school, tmp_path / "first.csv", NOW)
    session.flush()
    write_codes(session, sealer, school, tmp_path / "second.csv", NOW)
    old, new = written(tmp_path / "first.csv")[0]["code"], written(tmp_path / "second.csv")[0]["code"]
    assert look_up(session, sealer, school.id, b"chat", old, NOW).outcome == "expired"
    assert look_up(session, sealer, school.id, b"chat", new, NOW).outcome == "valid"


def test_file_that_is_there_is_left_as_it_is(session: Session, sealer: Sealer, school: School, tmp_path: Path):
    path = tmp_path / "codes.csv"
    path.write_text("mine", "utf-8")
    with pytest.raises(FileProblem, match="is there already"):
        write_codes(session, sealer, school, path, NOW)
    assert path.read_text("utf-8") == "mine"


def test_place_that_cannot_be_written_is_named(session: Session, sealer: Sealer, school: School, tmp_path: Path):
    with pytest.raises(FileProblem, match="cannot be written"):
        write_codes(session, sealer, school, tmp_path / "missing" / "codes.csv", NOW)


def test_that_they_were_written_is_on_record_and_a_refusal_is_not(people: Earshot):
    assert people("codes", "codes.csv").status == 0
    assert people("codes", "codes.csv").err == "codes.csv is there already. Name a new file."
    assert [action for action in actions() if "codes" in action] == ["wrote codes"]


def test_with_nobody_waiting_no_file_is_written_and_nothing_is_put_on_record(made: Earshot):
    told = made("codes", "codes.csv")
    assert (told.status, told.out) == (0, "Nobody waits for a code, so nothing was written.")
    assert not Path("codes.csv").exists()
    assert [action for action in actions() if "codes" in action] == []


def test_a_file_of_yours_is_left_alone_when_nobody_waits(session: Session, sealer: Sealer, tmp_path: Path):
    make_school(session)
    path = tmp_path / "codes.csv"
    path.write_text("mine", "utf-8")
    assert write_codes(session, sealer, session.exec(select(School)).one(), path, NOW) == 0
    assert path.read_text("utf-8") == "mine"
