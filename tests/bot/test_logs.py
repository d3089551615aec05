"""Logs: lines of ids and event types; whatever a library has to say, its words stay out."""

import subprocess
import sys

import pytest

SECRET = "Wren Example said something"


def logged(program: str, level: str = "INFO") -> list[str]:
    """What a program writes to standard error once logging is set up."""
    setting_up = f"import logging, structlog; from bot.logs import set_up; set_up({level!r}); SECRET = {SECRET!r}\n"
    told = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-B", "-c", setting_up + program], capture_output=True, text=True, check=True
    )
    assert told.stdout == ""
    return told.stderr.splitlines()


def test_an_event_is_one_line_of_names_and_values() -> None:
    (line,) = logged("structlog.get_logger().info('event failed', event_type='Tap', error='KeyError')")
    assert line.startswith("timestamp='20")
    assert line.endswith("level='info' event='event failed' event_type='Tap' error='KeyError'")


@pytest.mark.parametrize(("level", "lines"), [("DEBUG", 3), ("INFO", 2), ("WARNING", 1), ("ERROR", 0)])
def test_what_is_below_the_level_is_not_written(level: str, lines: int) -> None:
    program = "log = structlog.get_logger(); log.debug('a'); log.info('b'); log.warning('c')"
    assert len(logged(program, level)) == lines


def test_a_librarys_warning_says_where_and_not_what() -> None:
    assert logged("logging.getLogger('some.library').warning('could not send %s', SECRET)") == [
        "WARNING some.library: a warning"
    ]


def test_a_librarys_traceback_says_the_kind_of_error_alone() -> None:
    program = (
        "try: raise KeyError(SECRET)\n"
        "except KeyError: logging.getLogger('asyncio').exception('Task exception was never retrieved: %s', SECRET)"
    )
    assert logged(program) == ["ERROR asyncio: KeyError"]


def test_an_error_nobody_waited_for_in_a_task_keeps_its_words() -> None:
    program = (
        "import asyncio\n"
        "async def fail(): raise ValueError(SECRET)\n"
        "async def main():\n"
        "    task = asyncio.create_task(fail())\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())"
    )
    assert logged(program) == ["ERROR asyncio: ValueError"]


@pytest.mark.parametrize("gone", ["sys.stderr.close()", "os.close(2)"])
def test_a_standard_error_that_went_away_stops_nobody(gone: str) -> None:
    program = (
        "import os, sys\n"
        f"{gone}\n"
        "structlog.get_logger().error('failed')\n"
        "logging.getLogger('some.library').warning('gone')\n"
        "os._exit(0)"
    )
    assert logged(program) == []


@pytest.mark.parametrize("library", ["httpx", "httpcore.http11", "telegram.ext", "aiohttp.server", "sqlalchemy.engine"])
def test_libraries_that_print_addresses_or_bodies_are_silent(library: str) -> None:
    assert logged(f"logging.getLogger({library!r}).error('POST https://api/bot%s', SECRET)", "DEBUG") == []


def test_a_bodys_debug_line_is_not_written_even_at_debug() -> None:
    assert logged("logging.getLogger('some.library').info(SECRET); logging.getLogger('x').debug(SECRET)", "DEBUG") == []
