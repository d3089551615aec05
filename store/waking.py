"""Waking: what one process has committed is heard at once by the others on the same PostgreSQL.

On SQLite there are no others. Nobody depends on it: whoever hears nothing looks every second all the same.
"""

from typing import Final, Literal

from sqlalchemy import text
from sqlmodel import Session

from store.database import is_postgresql

What = Literal["due", "outbox"]
CHANNEL: Final = "earshot"
_SAY = text("SELECT pg_notify(:channel, :what)").bindparams(channel=CHANNEL)
_NOTED: Final = "to be heard"


def note(session: Session, what: What) -> None:
    """Note that the transaction under way leaves work that is due, or a message that no process has in hand."""
    session.info.setdefault(_NOTED, set()).add(what)


def tell(session: Session) -> None:
    """Have the other processes hear what was noted; PostgreSQL tells them with the commit, and never without it."""
    noted = session.info.pop(_NOTED, ())
    if noted and is_postgresql(session.get_bind()):
        for what in sorted(noted):
            session.connection().execute(_SAY, {"what": what})
