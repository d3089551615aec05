"""How the doctor's looks read the store: each only where there is one, of this version, with a school in it."""

from collections.abc import Callable, Iterable

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from bot.finding import Finding
from bot.opening import is_there
from bot.settings import Settings
from store import vault
from store.database import make_engine
from store.sealing import KeyProblem
from store.tables import School
from store.vault import StoreProblem


def of_school(settings: Settings, look: Callable[[Session, School], Iterable[Finding]]) -> list[Finding]:
    """Look at a school's store; nothing where it cannot be read, for `bot.doctor.store` has said why."""
    if not is_there(settings):
        return []
    # "reading": on SQLite a transaction that takes no lock, so that a running Earshot is not held up.
    engine = make_engine(settings.store_url).execution_options(reading=True)
    try:
        if not vault.check_version(engine):
            return []
        with Session(engine) as session:
            school = session.exec(select(School).limit(1)).first()
            return [] if school is None else list(look(session, school))
    except (StoreProblem, KeyProblem, DBAPIError):
        return []
    finally:
        engine.dispose()
