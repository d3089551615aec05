"""Logs: ids and event types, never a word, answer, name or chat id of anybody."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

# These would print addresses that hold the token, or bodies that hold words.
TALKATIVE = (
    "httpx",
    "httpcore",
    "telegram",
    "slack_bolt",
    "slack_sdk",
    "aiohttp",
    "apscheduler",
    "sqlalchemy",
    "alembic",
)


class _Steady:
    """Standard error that may go away (a terminal closed, a full disk): what cannot be written is left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        with suppress(OSError, ValueError):
            return self._stream.write(line)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _WithoutWords(logging.Formatter):
    """Says which library complained and of what kind of error; its message and its traceback may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "a warning"
        return f"{record.levelname} {record.name}: {kind}"


def set_up(level: str) -> None:
    """Set up logging to standard error, one line an event."""
    steady = cast(TextIO, _Steady(sys.stderr))
    handler = logging.StreamHandler(steady)
    handler.setFormatter(_WithoutWords())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(steady),
        cache_logger_on_first_use=False,
    )
