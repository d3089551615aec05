"""The doctor's look at the whisper store: is it there, of this key, and when was it last backed up and proven.

Nothing is counted and no content is opened; the file is only read, so that its time tells nothing new.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from bot.doctor.trust import PROVEN_EVERY, aged, last_of
from bot.finding import Finding
from bot.opening import is_there, key_ring
from bot.settings import Settings
from bot.whisper.backups import PROVEN, TAKEN
from bot.whisper.service import check_apart
from store import vault, whisper_keys
from store.database import make_engine
from store.sealing import KeyProblem, Sealer
from store.tables import School
from store.vault import StoreProblem, problem

# Its backups are weekly: one more report since yesterday must not be read off them.
BACKUP_EVERY = timedelta(days=9)


def whisper_findings(settings: Settings) -> list[Finding]:
    """Look at the whisper store and its backups; nothing where there is no store to look at."""
    if not is_there(settings):
        return []
    engine = make_engine(settings.store_url).execution_options(reading=True)
    try:
        if not vault.check_version(engine):
            return []
        with Session(engine) as session:
            school = session.exec(select(School).limit(1)).first()
            if school is None:
                return []
            finding, made = _store(settings, key_ring(settings).current)
            return [finding, *(_backups(session, school) if made and "sample" not in school.policy else [])]
    except (StoreProblem, KeyProblem, DBAPIError):
        # What is wrong there was said already.
        return []
    finally:
        engine.dispose()


def _store(settings: Settings, sealer: Sealer) -> tuple[Finding, bool]:
    try:
        check_apart(settings)
        made = whisper_keys.is_made(settings.whisper_url)
        whisper_keys.check(settings.whisper_url, [sealer])
    except (KeyProblem, StoreProblem) as found:
        return Finding("whispers", False, f"{str(found)[:1].upper()}{str(found)[1:].removesuffix('.')}."), False
    except DBAPIError as error:
        return Finding("whispers", False, str(problem(error))), False
    if not made:
        return Finding("whispers", True, "The whisper store is made when Earshot first runs."), False
    return Finding("whispers", True, "The whisper store opens, and is of this key."), True


def _backups(session: Session, school: School) -> Iterator[Finding]:
    now = datetime.now(UTC)
    taken, proven = last_of(session, school, TAKEN), last_of(session, school, PROVEN)
    yield aged(
        "whisper backup",
        None if taken is None else now - taken,
        BACKUP_EVERY,
        "The last backup of the whispers is {age} old",
        "No backup of the whispers was ever made",
        "run `earshot backup FOLDER` each night: once a week it makes one",
    )
    yield aged(
        "whisper restore",
        None if proven is None else now - proven,
        PROVEN_EVERY,
        "A backup of the whispers was last proven {age} ago",
        "No backup of the whispers was ever proven",
        "run `earshot restore FILE --whispers --recovery-key KEY --check`",
    )
