"""The report of a school's year as one page on paper, in the language its staff read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from bot import text
from bot.fonts import FONTS
from conversations import staff_report, staff_school
from conversations.model import Phrase, say
from scheduling.school import SchoolFacts
from scheduling.school_report import SchoolReport

TEMPLATE: Final = Path(__file__).with_name("report.typ")
# So many fit on the page beside a school of seven year groups: a term.
CHECK_INS: Final = 13


@dataclass(frozen=True)
class Bar:
    """One check-in: its day, the share (0 to 100) that finished it and the same in words; None for too few."""

    label: str
    share: int | None
    words: str


@dataclass(frozen=True)
class Section:
    """A part of the page: bars, a table with its head, and lines; each may be empty."""

    title: str
    bars: tuple[Bar, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The page in its reader's words."""

    school: str
    title: str
    made: str
    language: str
    sections: tuple[Section, ...]
    foot: tuple[str, ...]


def sheet(report: SchoolReport, school: SchoolFacts, language: str) -> Sheet:
    """Put a report into words."""

    words, view = staff_school.nudge_words(), report.view

    def put(phrase: Phrase) -> str:
        return text.render(phrase, language, school.zone, report.made_at)

    def counts(row: Sequence[int | None]) -> tuple[str, ...]:
        return tuple(put(words["kept_back"]) if count is None else text.number(count, language) for count in row)

    def bar(opened: datetime, answered: float | None) -> Bar:
        day = text.day(opened, language, school.zone)
        if answered is None:
            return Bar(day, None, put(staff_report.too_few()))
        share = round(100 * answered)
        return Bar(day, share, put(staff_report.share(share)))

    latest = list(zip(view.waves, view.whole, strict=True))[-CHECK_INS:]
    bars = tuple(bar(opened, totals.answered) for opened, totals in latest)
    names = (*map(staff_school.year_name, view.years), staff_school.whole_school())
    whole = put(staff_school.whole_school())
    return Sheet(
        school.name,
        put(staff_report.title()),
        put(say("Made on {when}.", when=text.dated_day(school.calendar.local_date(report.made_at), language))),
        language,
        (
            Section(put(staff_report.answering()), bars, lines=() if bars else (put(staff_report.no_check_in()),)),
            Section(
                put(words["title"]),
                head=("", *map(put, staff_school.became_names())),
                rows=tuple((put(name), *counts(row)) for name, row in zip(names, view.nudges, strict=True)),
                lines=(put(staff_report.decided_line(report.decided_in)),),
            ),
            Section(
                put(staff_report.requests()),
                head=("", *map(put, staff_report.request_names())),
                rows=((whole, *counts(report.requests)),),
                lines=(put(staff_report.taken_line(report.taken_in)),),
            ),
            Section(
                put(staff_report.pupils()),
                head=("", *map(put, staff_report.pupil_names())),
                rows=((whole, *counts(report.pupils)),),
            ),
        ),
        (put(words["small"]), *map(put, staff_report.foot())),
    )


def as_pdf(page: Sheet) -> bytes:
    """Set the page."""
    # Only this command needs it, and every other start would pay for it.
    import typst

    return bytes(typst.compile(TEMPLATE, font_paths=[FONTS], sys_inputs={"report": json.dumps(asdict(page))}))
