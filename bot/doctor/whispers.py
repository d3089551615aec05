"""The doctor's look at the whisper store: can it be read, and if the desk is locked, can its keys be recovered?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.exc import DBAPIError

from bot.finding import Finding
from bot.opening import is_there, key_ring
from bot.settings import Settings
from store import vault
from store.database import make_engine
from store.sealing import KeyProblem
from store.whisper_lock import is_locked, rehearsed_on
from store.whisper_store import WhisperStore
from store.whisper_tables import reader

REHEARSE_EVERY = timedelta(days=365)
_REHEARSE = "run `earshot whisper desk rehearse KEY` with the key from the safe"


def whisper_findings(settings: Settings) -> list[Finding]:
    """Look at the whisper store; nothing where there is no school yet."""
    if not is_there(settings):
        return []
    url = make_url(settings.whisper_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return [Finding("whispers", True, "There is no whisper store yet: it is made when Earshot first runs.")]
    try:
        sealer = next(iter(key_ring(settings).sealers().values()))
    except (KeyProblem, StopIteration):
        # Said already, of the database.
        return []
    store = WhisperStore(make_engine(settings.whisper_url), sealer)
    try:
        return list(_desk(store))
    except DBAPIError as error:
        return [Finding("whispers", False, f"The whisper store cannot be read. {vault.problem(error)}")]
    finally:
        store.engine.dispose()


def _desk(store: WhisperStore) -> Iterator[Finding]:
    if not is_locked(store):
        yield Finding(
            "whispers",
            True,
            "The whisper store can be read. Leads' keys are sealed by the master key; "
            "`earshot whisper desk lock FILE` gives each lead a passphrase.",
        )
        return
    with store.read() as connection:
        count = select(func.count()).select_from(reader).where(reader.c.state == "active")
        without = connection.execute(count).scalar_one()
    yield Finding(
        "whisper desk",
        without == 0,
        "The whisper desk is locked, and every reader has a passphrase."
        if without == 0
        else f"{without} of the whispers' readers have no passphrase yet: each runs `earshot whisper desk passphrase`.",
    )
    rehearsed = rehearsed_on(store)
    age = None if rehearsed is None else datetime.now(UTC).date() - rehearsed
    if age is None:
        yield Finding("whisper recovery", False, f"A recovery of whispers was never rehearsed: {_REHEARSE}.")
    else:
        told = f"A recovery of whispers was rehearsed {age.days} days ago"
        late = age > REHEARSE_EVERY
        yield Finding("whisper recovery", not late, f"{told}: {_REHEARSE}." if late else f"{told}.")
