"""Opening the store: is it of this version, is this the key it was sealed with? Asked before anything is touched."""

from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from store.sealing import KeyProblem, Sealer
from store.tables import SealingKey

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class StoreProblem(Exception):
    """The store cannot be used as it is; the sentence says why and what to do."""


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the store to a revision, the newest by default. Raises StoreProblem for one from a newer Earshot."""
    check_version(engine)
    if revision == "head":
        command.upgrade(_config(engine), revision)
    else:
        command.downgrade(_config(engine), revision)


def check_version(engine: Engine) -> bool:
    """Say whether the store is of this version; False means it is empty or older and `migrate` will do.

    Raises StoreProblem when it comes from a newer Earshot, or cannot be read at all.
    """
    scripts = ScriptDirectory.from_config(_config(engine))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise StoreProblem(
            f"The database cannot be opened ({type(error.orig).__name__}). Check EARSHOT_DATABASE_URL, the disk, and "
            "whether the file may be written to."
        ) from None
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreProblem(
            "The database was made by a newer Earshot. Install that version, or restore a backup made by this one."
        )
    return current == scripts.get_current_head()


def is_empty(engine: Engine) -> bool:
    """Say whether nothing has been made here yet."""
    return not inspect(engine).has_table("school")


def check_key(session: Session, sealer: Sealer) -> None:
    """Refuse a key that this store was not sealed with. Raises KeyProblem, having touched nothing."""
    known = session.exec(select(SealingKey.key_id)).all()
    if known and sealer.key_id.hex() not in known:
        raise KeyProblem(
            f"this key is {sealer.key_id.hex()}, but the database was sealed with {', '.join(known)}: "
            "put that key file back, nothing was changed"
        )


def note_key(session: Session, sealer: Sealer, now: datetime) -> None:
    """Note that this store is sealed with this key."""
    if session.get(SealingKey, sealer.key_id.hex()) is None:
        session.add(SealingKey(key_id=sealer.key_id.hex(), since=now))
