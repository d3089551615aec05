"""What the crash tests share: the school, and an empty store on each database for a run of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import DATABASES, own_database
from tests.crash.rig import Zygote
from tests.crash.school import School, build


@pytest.fixture(scope="session")
def crash_school(tmp_path_factory: pytest.TempPathFactory) -> School:
    """The school, built once."""
    return build(tmp_path_factory.mktemp("crash") / "school")


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that forks lives."""
    zygote = Zygote()
    yield zygote
    zygote.close()


@pytest.fixture(params=DATABASES)
def crash_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty, migrated PostgreSQL database; "" for SQLite, whose file is copied."""
    if request.param == "sqlite":
        yield ""
        return
    base: str = request.getfixturevalue("postgresql_url")
    with own_database(base, "earshot_template") as url:
        yield url
