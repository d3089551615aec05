"""Whether updates can be fetched is noted by the process that fetches them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from structlog.testing import capture_logs

from bot.hearing import Hearing
from scheduling.calendar import CalendarError
from scheduling.school import SchoolFacts
from store.tables import Cursor
from tests.bot.slack_school import NOW, SmallSchool, small_school


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    one = small_school(engine)
    yield one
    one.worker.close()


@pytest.mark.parametrize(("hears", "kept"), [(True, 1), (False, 0)])
async def test_it_is_noted_when_it_is_so(here: SmallSchool, hears: bool, kept: int):
    await Hearing(here.worker, lambda _: here.school, lambda: NOW, lambda: hears).note_once()
    name = f"heard:{here.school.id.hex}"
    rows = here.work(lambda session: [(row.name, row.position) for row in session.exec(select(Cursor))])
    assert rows == [(name, int(NOW.timestamp()))] * kept


async def test_what_ails_it_for_a_minute_is_logged_by_its_kind_and_does_not_end_it(here: SmallSchool):
    def ails(_session: Session) -> SchoolFacts:
        raise CalendarError("the words of a calendar")

    with capture_logs() as log:
        await Hearing(here.worker, ails, lambda: NOW, lambda: True).note_once()
    assert log == [{"event": "hearing not noted", "error": "CalendarError", "log_level": "error"}]
