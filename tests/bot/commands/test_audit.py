"""`earshot audit`: a chain that was meddled with is told, and an export can be read by somebody who knows no ids."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.commands import audit_export
from bot.opening import open_store
from bot.settings import Settings
from store import audit
from store.rights_tables import CopyRequest
from store.sealing import Sealer
from store.tables import Pupil, Request, School, Staff, TutorGroup
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made
from tests.factories import NOW, make_group, make_guardian, make_pupil, make_school, make_staff

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def looked(people: Earshot) -> Earshot:
    """A school in which somebody looked at a pupil three times."""
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        staff, group = session.exec(select(Staff)).one(), session.exec(select(TutorGroup)).one()
        pupil = session.exec(select(Pupil)).first()
        assert pupil is not None
        for number, subject in enumerate((f"pupil:{pupil.id.hex}", f"group:{group.id.hex}", f"staff:{staff.id.hex}")):
            now = NOW + timedelta(days=number)
            audit.record(session, school.id, now, actor=f"staff:{staff.id.hex}", action="read nudge", subject=subject)
        session.commit()
    engine.dispose()
    return people


def meddle(statement: str) -> None:
    database = sqlite3.connect("data/earshot.sqlite")
    database.execute(statement)
    database.commit()
    database.close()


def test_verify_says_that_the_chain_is_whole_and_names_its_last_row(looked: Earshot) -> None:
    first = looked("audit", "verify")
    assert (first.status, first.out.startswith("There was no anchor yet (earshot.anchor)")) == (0, True)
    again = looked("audit", "verify")
    assert (again.status, again.out.split("Its last row is 4:")[0]) == (0, "The audit chain is whole: 4 rows. ")
    head = again.out.rsplit(" ", 1)[1]
    assert looked("audit", "verify", "--expect", head).status == 0
    assert looked("audit", "verify", "--expect", head[:-1] + ("0" if head[-1] != "0" else "1")).status == 1
    assert looked("audit", "verify", "--expect", "x").err == (
        "What is expected must be a row as `earshot audit verify` printed it, NUMBER:HASH."
    )


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM audit WHERE number = 4", "rows 4 to 4 were there before and are gone"),
        ("DELETE FROM audit", "rows 1 to 4 were there before and are gone"),
        ("DELETE FROM audit WHERE number = 2", "row 2 was changed, removed or moved"),
        ("UPDATE audit SET action = 'read' WHERE number = 2", "row 2 was changed, removed or moved"),
    ],
)
def test_verify_finds_what_was_meddled_with_each_time_it_is_asked(looked: Earshot, statement: str, why: str) -> None:
    looked("audit", "verify")
    meddle(statement)
    for _ in range(2):
        told = looked("audit", "verify")
        assert (told.status, told.err) == (
            1,
            f"The audit chain is broken: {why}. Keep the database and earshot.anchor as they are, tell your data "
            "protection officer, and compare with a backup.",
        )


def test_a_missing_end_is_found_after_a_change_of_keys(looked: Earshot) -> None:
    looked("audit", "verify")
    looked("keys", "rotate")
    assert looked("audit", "verify").status == 0
    meddle("DELETE FROM audit WHERE number = 5")
    assert looked("audit", "verify").status == 1


def test_a_page_for_an_inspector_names_staff_and_not_pupils(looked: Earshot) -> None:
    assert looked("audit", "export", "looks.html").out == (
        "The record is whole. It is written to looks.html: keep it to those who may read it."
    )
    page = Path("looks.html").read_text("utf-8")
    assert page.count("<td>Tess Tolling</td><td>read nudge</td>") == 3
    assert "<td>2</td><td>2026-11-24 10:00:00</td><td>Tess Tolling</td><td>read nudge</td><td>W.A. (9Q)</td>" in page
    assert ("Ashdown" in page, "tutor group 9Q" in page, "The record is whole." in page) == (False, True, True)
    assert looked("audit", "export", "looks.csv", "--since", "2026-11-25", "--until", "2026-11-25").status == 0
    lines = Path("looks.csv").read_text("utf-8").splitlines()
    assert lines == ["number,when,who,did,about", "3,2026-11-25 10:00:00,Tess Tolling,read nudge,tutor group 9Q"]
    assert Path("looks.csv").stat().st_mode & 0o777 == 0o600


def test_an_export_is_itself_in_the_record(looked: Earshot) -> None:
    looked("audit", "export", "one.csv")
    looked("audit", "export", "two.csv")
    assert Path("two.csv").read_text("utf-8").splitlines()[-1].split(",")[2:4] == ["command:audit", "audit exported"]


def test_a_page_of_a_broken_chain_says_so(looked: Earshot) -> None:
    meddle("DELETE FROM audit WHERE number = 1")
    looked("audit", "export", "looks.html")
    page = Path("looks.html").read_text("utf-8")
    assert "<p>The record is not whole: row 1 was changed, removed or moved. Times" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("looks.pdf",), "looks.pdf must end in .html (a page to read) or .csv (a table)."),
        (("looks.csv", "--since", "autumn"), "“autumn” is no day. Write it as YYYY-MM-DD."),
    ],
)
def test_a_question_that_cannot_be_read_is_told(looked: Earshot, arguments: tuple[str, ...], words: str) -> None:
    told = looked("audit", "export", *arguments)
    assert (told.status, told.err, list(Path().glob("looks.*"))) == (1, words, [])


def test_rows_about_people_who_are_gone_keep_their_ids_and_no_formula_is_written(
    session: Session, sealer: Sealer
) -> None:
    school = make_school(session)
    staff = make_staff(session, sealer, school, "tutor")
    sealer.write(staff, "name", "=Tess <b>")
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7))
    other = make_school(session)
    for school_id in (school.id, other.id):
        audit.record(session, school_id, NOW, actor=f"staff:{staff.id.hex}", action="read", subject="pupil:ff")
        audit.record(session, school_id, NOW, actor="command:x", action="read", subject=f"pupil:{pupil.id.hex}")
    session.commit()
    row = session.get_one(School, school.id)
    table = list(audit_export.rows(session, sealer, row, None, None))
    assert [line[2:] for line in table] == [("=Tess <b>", "read", "pupil:ff"), ("command:x", "read", table[1][4])]
    assert table[1][4].endswith(" (7B)")
    assert "'=Tess <b>" in audit_export.as_csv(iter(table))
    assert "=Tess &lt;b&gt;" in audit_export.as_html(iter(table), row, "")
    # Of the other school, whose people these are not, only ids are shown.
    (first, second) = audit_export.rows(session, sealer, session.get_one(School, other.id), None, None)
    assert (first[2], second[4]) == (f"staff:{staff.id.hex}", f"pupil:{pupil.id.hex}")


def test_what_a_row_is_about_is_told_by_whose_it_is_not_by_an_id(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7))
    parent = make_guardian(session, sealer, school, pupil)
    request = Request(school_id=school.id, pupil_id=pupil.id, asked_at=NOW)
    copy = CopyRequest(school_id=school.id, pupil_id=pupil.id, asked_at=NOW)
    session.add_all((request, copy))
    session.flush()
    subjects = [f"request:{request.id.hex}", f"copy:{copy.id.hex}", f"school:{school.id.hex}", "flag:ff"]
    for subject in subjects:
        audit.record(session, school.id, NOW, actor=f"guardian:{parent.id.hex}", action="read", subject=subject)
    rows = list(audit_export.rows(session, sealer, session.get_one(School, school.id), None, None))
    assert {row[2] for row in rows} == {"a parent or carer"}
    assert [row[4] for row in rows] == ["request of P.E. (7B)", "copy for P.E. (7B)", "the school", "flag:ff"]
