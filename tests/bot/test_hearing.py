"""Whether updates can be fetched is noted by the process that fetches them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot.hearing import Hearing
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
