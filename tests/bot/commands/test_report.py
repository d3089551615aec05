"""`earshot report`: one page of totals, in the language staff read, for its owner alone."""

from __future__ import annotations

import re
import stat
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.commands.report import gather
from bot.opening import open_store
from bot.school_report import CHECK_INS, Sheet, as_pdf, sheet
from bot.settings import Settings
from scheduling.school_report import SchoolReport
from scheduling.school_view import SchoolView, WaveTotals
from store.sealing import Sealer
from store.tables import Audit, School
from tests.bot.classroom import Classroom, classroom
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made
from tests.factories import NOW
from tests.scheduling.test_school_view import wave_of

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def pages(pdf: bytes) -> list[int]:
    return [int(count) for count in re.findall(rb"/Count (\d+)", pdf)]


def a_report(waves: int, years: int) -> SchoolReport:
    """A school of many years, with as many check-ins; the second last reached too few."""
    whole = tuple(WaveTotals((None,) * 5, None if number == waves - 2 else 0.5) for number in range(waves))
    opened = tuple(NOW - timedelta(weeks=waves - number) for number in range(waves))
    counts = tuple((1_000, 1_000, None, None, 4_000) for _ in range(years + 1))
    view = SchoolView(tuple(range(1, years + 1)), opened, {}, whole, counts)
    return SchoolReport(NOW, view, (900, None, None, 1_035), (10, 20, 30, 60), 45, 600)


def told(page: Sheet) -> list[str]:
    """All words of a page."""

    def words(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [one for each in value.values() for one in words(each)]
        return [one for each in value for one in words(each)] if isinstance(value, list | tuple) else []

    return words(asdict(page))


def test_a_command_writes_one_page_for_its_owner_alone_and_is_in_the_record(made: Earshot, people: Earshot) -> None:
    answer = made("report", "ours.pdf")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith("The report is in ")
    (file,) = Path.cwd().rglob("ours.pdf")
    assert (file.read_bytes()[:5], pages(file.read_bytes())) == (b"%PDF-", [1])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        last = session.exec(select(Audit)).all()[-1]
    engine.dispose()
    assert (last.actor, last.action, last.subject) == ("command:report", "read school view", "school")
    again = made("report", "ours.pdf")
    assert (again.status, again.err) == (1, "ours.pdf is there already. Name a new file.")


def test_waves_that_were_not_added_up_are_and_stand_with_their_share(room: Classroom):
    wave_of(room, (room.group, [2] * 9 + [None] * 3))
    school = room.session.get_one(School, room.school.id)
    page = sheet(gather(room.session, room.sealer, school, room.clock()), room.school, "en")
    assert [(bar.share, bar.words) for bar in page.sections[0].bars] == [(75, "75 per cent")]


def test_what_is_kept_back_says_so_and_few_pupils_have_no_bar(room: Classroom):
    page = sheet(a_report(20, 2), room.school, "en")
    answering, nudges, requests, pupils = page.sections
    assert (len(answering.bars), answering.bars[-2].share) == (CHECK_INS, None)
    assert answering.bars[-2].words == "fewer than ten pupils"
    assert nudges.rows[0] == ("Year 1", "1,000", "1,000", "kept back", "kept back", "4,000")
    assert nudges.lines == ("Half of the nudges were decided on within 45 minutes of school time.",)
    assert requests.rows == (("Whole school", "10", "20", "30", "60"),)
    assert requests.lines == ("Half of the requests were taken within 10 hours of school time.",)
    assert pupils.rows == (("Whole school", "900", "kept back", "kept back", "1,035"),)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_a_school_of_fourteen_years_fits_on_the_page(room: Classroom, language: str):
    assert pages(as_pdf(sheet(a_report(40, 14), room.school, language))) == [1]


def test_nothing_of_it_stays_in_english_in_welsh(room: Classroom):
    english, welsh = (set(told(sheet(a_report(20, 3), room.school, language))) for language in ("en", "cy"))
    assert {words for words in english & welsh if re.search(r"[A-Za-z]", words)} == {room.school.name}


def test_a_school_before_its_first_check_in_has_a_page_too(room: Classroom):
    school = room.session.get_one(School, room.school.id)
    page = sheet(gather(room.session, room.sealer, school, room.clock()), room.school, "en")
    assert page.sections[0].lines == ("No check-in has been closed yet.",)
    assert pages(as_pdf(page)) == [1]
