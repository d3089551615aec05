"""Ends: what a network answered to a letter, and how its row ends, written so that one holds up no other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from store import outbox
from store.outbox import FAULT, Letter

log = structlog.get_logger()


@dataclass(frozen=True)
class Sent:
    """It arrived; `ref` says where it lies, for later edits."""

    ref: dict[str, Any] | None = None


@dataclass(frozen=True)
class TryAgain:
    """It did not arrive, and may later: `after` the seconds that the network named, else our own backoff."""

    error: str
    after: float | None = None


@dataclass(frozen=True)
class Refused:
    """It will never arrive; `unreachable` means the person cut us off (blocked, deleted), which staff should see."""

    error: str
    unreachable: bool = False


Result = Sent | TryAgain | Refused


@dataclass(frozen=True)
class End:
    """How a letter's row is to end, and the chat that waits for it to be written."""

    letter: Letter
    chat: str | None
    write: Callable[[Session], None]


def ended(letter: Letter, state: str, now: datetime, error: str) -> Callable[[Session], None]:
    """Make what ends a letter's row in a state."""
    return lambda session: outbox.ended(session, letter, state, now, error)


def write_alone(session: Session, end: End, now: datetime) -> None:
    """Write one end in a savepoint of its own; the row of one that cannot be written fails."""
    try:
        with session.begin_nested():
            end.write(session)
    except OperationalError:
        raise
    except Exception as error:
        # One end that cannot be written must not keep those of all others from being written.
        log.error("end cannot be written", letter=end.letter.id.hex, error=type(error).__name__)
        outbox.ended(session, end.letter, "failed", now, f"{FAULT}{type(error).__name__}")
