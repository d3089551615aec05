"""The doctor's look at the leads' desk: whose keys are under a passphrase, and could a recovery be made?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.finding import Finding
from bot.opening import is_there, key_ring
from bot.settings import Settings
from store import whisper_keys
from store.database import make_engine
from store.sealing import KeyProblem
from store.whisper_lock import is_locked, rehearsed_on
from store.whisper_store import WhisperStore
from store.whisper_tables import reader

REHEARSE_EVERY = timedelta(days=365)
_REHEARSE = "run `earshot whisper desk rehearse KEY` with the key from the safe"


def desk_findings(settings: Settings) -> list[Finding]:
    """Look at the desk and its recovery; nothing where there is no whisper store, or it cannot be read."""
    try:
        if not is_there(settings) or not whisper_keys.is_made(settings.whisper_url):
            return []
        store = WhisperStore(make_engine(settings.whisper_url), key_ring(settings).current)
    except (KeyProblem, DBAPIError):
        # Said already, of the store.
        return []
    try:
        return list(_desk(store))
    except DBAPIError:
        return []
    finally:
        store.engine.dispose()


def _desk(store: WhisperStore) -> Iterator[Finding]:
    if not is_locked(store):
        yield Finding(
            "whisper desk",
            True,
            "Leads' keys are sealed by the master key; `earshot whisper desk lock FILE` gives each lead a passphrase.",
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
        else f"{without} of the whispers' readers have no passphrase yet: each runs "
        "`earshot whisper desk passphrase --lead ADDRESS`.",
    )
    rehearsed = rehearsed_on(store)
    age = None if rehearsed is None else datetime.now(UTC).date() - rehearsed
    if age is None:
        yield Finding("whisper recovery", False, f"A recovery of whispers was never rehearsed: {_REHEARSE}.")
    else:
        told = f"A recovery of whispers was rehearsed {age.days} days ago"
        late = age > REHEARSE_EVERY
        yield Finding("whisper recovery", not late, f"{told}: {_REHEARSE}." if late else f"{told}.")
