"""A school's own questions in its check-ins: which version holds for a wave, and what each pupil is then asked."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session

from conversations.own_questions import PREFIX, OwnQuestion
from conversations.questions_file import Chosen, Questions, choose, read
from scheduling.school import SchoolFacts
from store import questions
from store.question_tables import QuestionSet
from store.tables import Wave


def read_version(row: QuestionSet) -> Questions:
    """Read a version as it is asked: its file, less what was retired."""
    return read(row.file).without({PREFIX + id for id in row.retired})


class OwnOfWave:
    """The own questions of one wave: those that were published by the time it opened, so that every group has them."""

    def __init__(self, session: Session, school: SchoolFacts, wave: Wave) -> None:
        row = questions.newest(session, school.id, wave.opens_at)
        self._number = row.number if row else 0
        self._questions = read_version(row) if row else Questions()
        self._bank, self._day = wave.bank_version, school.calendar.local_date(wave.opens_at)

    def chosen(self, usual: tuple[str, ...], phase: str) -> tuple[str, Chosen]:
        """Choose what a pupil is asked whose usual items these are, and name what their check-in is pinned to."""
        its = choose(self._questions, usual, "young" if phase == "young" else "older", self._day)
        return its.version(self._bank, self._number), its


def of_versions(session: Session, school_id: UUID, pinned: Iterable[str]) -> dict[str, tuple[OwnQuestion, ...]]:
    """Give the own questions, retired or not, of what check-ins are pinned to ("2026-1+3"), by that name."""
    wanted = {version: int(number) for version in pinned if (number := version.partition("+")[2])}
    if not wanted:
        return {}
    rows = {row.number: row for row in questions.versions(session, school_id)}
    return {
        version: tuple(one.question for one in read(rows[number].file).items)
        for version, number in wanted.items()
        if number in rows
    }
