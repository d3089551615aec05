"""The clock: what time it is for the school. Real time, moved forward only in rehearsal."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from store.tables import Cursor

REHEARSAL_CLOCK = "rehearsal clock"


class Clock:
    """Real time plus a shift; call it for `now` in UTC."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def move_to(self, moment: datetime) -> None:
        """Set the clock to a later moment; it never goes back, because rows were written in its time."""
        self.shift = max(self.shift, moment - datetime.now(UTC))


def kept_clock(session: Session) -> Clock:
    """The clock this store goes by: the rehearsal's as it was last moved; where nobody rehearses, real time."""
    cursor = session.get(Cursor, REHEARSAL_CLOCK)
    return Clock(timedelta(seconds=cursor.position if cursor else 0))
