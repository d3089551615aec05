"""Tries: when work that failed is done again, so that it neither keeps others waiting nor is forgotten."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import NoResultFound

from store.tables import Due

GIVE_UP_AFTER: Final = 5
RETRY: Final = timedelta(seconds=10)
RETRY_MOST: Final = timedelta(minutes=5)
# What failed so often is tried on at this pace, unless what it is about is not there any more.
RETRY_AFTERWARDS: Final = timedelta(hours=1)
# A call for help is tried for as long as it takes.
NEVER_GIVEN_UP: Final = (
    "request",
    "case.step",
    "case.lapse",
    "talk.next",
    "talk.unreached",
    "talk.nobody",
    "talk.danger.again",
    "talk.unanswered",
)
# Each of these sets the next of its kind: one that was given up would never come again.
STANDING: Final = ("wave.plan", "signals.night", "care.daily", "goto.daily", "tidy")


def failed(row: Due, error: Exception, now: datetime, *, known: bool = True) -> None:
    """Set when a row whose job failed is tried again, or give it up; there is no job for a kind that is not `known`."""
    put_off(row, now, type(error))
    if row.attempts < GIVE_UP_AFTER or row.kind in NEVER_GIVEN_UP:
        return
    row.due_at = now + RETRY_AFTERWARDS
    is_gone = isinstance(error, NoResultFound) or not known
    if is_gone and row.kind not in STANDING:
        row.state = "failed"


def put_off(row: Due, now: datetime, error: type[Exception]) -> None:
    """Let a row wait, the longer the oftener it has failed."""
    row.attempts += 1
    row.last_error = error.__name__
    row.due_at = now + min(RETRY * row.attempts, RETRY_MOST)
