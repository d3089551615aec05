"""The doctor's look at the whisper store: is it there, of this key, and when was it last backed up and proven.

Nothing is counted and no content is opened; the file is only read, so that its time tells nothing new.
"""

import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.doctor.reading import of_school
from bot.doctor.trust import PROVEN_EVERY, aged, last_of
from bot.finding import Finding
from bot.opening import key_ring
from bot.settings import Settings
from bot.whisper.backups import PROVEN, TAKEN
from bot.whisper.service import check_apart
from store import whisper_keys
from store.sealing import KeyProblem, Sealer
from store.tables import School
from store.vault import StoreProblem
from store.whisper_store import problem_of_whispers

# Its backups are weekly: one more report since yesterday must not be read off them.
BACKUP_EVERY = timedelta(days=9)


def whisper_findings(settings: Settings) -> list[Finding]:
    """Look at the whisper store and its backups."""

    def look(session: Session, school: School) -> Iterator[Finding]:
        finding, made = _store(settings, key_ring(settings).current)
        yield finding
        if made and "sample" not in school.policy:
            yield from _backups(session, school)

    return of_school(settings, look)


def _store(settings: Settings, sealer: Sealer) -> tuple[Finding, bool]:
    try:
        check_apart(settings)
        made = whisper_keys.is_made(settings.whisper_url)
        whisper_keys.check(settings.whisper_url, [sealer])
    except (KeyProblem, StoreProblem) as found:
        return Finding("whispers", False, f"{str(found)[:1].upper()}{str(found)[1:].removesuffix('.')}."), False
    except DBAPIError as error:
        return Finding("whispers", False, str(problem_of_whispers(error))), False
    if not made:
        return Finding("whispers", True, "The whisper store is made when Earshot first runs."), False
    path = Path(settings.whisper_url.removeprefix("sqlite:///"))
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        words = f"The whisper store can only be read: run `chmod u+rw {shlex.quote(str(path))}`."
        return Finding("whispers", False, words), True
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
