"""`earshot run` as a process: what it says before it runs, with networks that do not answer."""

import os
import signal
import subprocess
import sys
from itertools import takewhile

import pytest

from benchmarks.stage import free_port
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import ROOT, Earshot, _as_before, earshot, made

__all__ = ["_as_before", "earshot", "made", "people"]
RUNS = "Earshot is running. Ctrl-C stops it; nothing is lost."


def said_at_start() -> list[str]:
    """What `earshot run` says until it runs; then it is ended as Ctrl-C ends it."""
    # Nobody listens there.
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
        "EARSHOT_HTTP_PORT": str(free_port()),
        "EARSHOT_TELEGRAM_TOKEN": "700000001:made-up",
        "EARSHOT_TELEGRAM_API_URL": nowhere,
        "EARSHOT_SLACK_BOT_TOKEN": "xoxb-made-up",
        "EARSHOT_SLACK_APP_TOKEN": "xapp-made-up",
        "EARSHOT_SLACK_API_URL": f"{nowhere}/api/",
    }
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "bot", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        said = [line.strip() for line in takewhile(lambda line: RUNS not in line, process.stdout)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    return said


def test_without_grounds_it_says_that_no_check_in_opens(people: Earshot) -> None:
    grounds = "No check-in opens until the lawful basis and the impact assessment are noted: `earshot basis`."
    assert said_at_start() == [grounds]
    people("basis", "--lawful-basis", "public task", "--dpia", "DPIA 2026-14")
    assert said_at_start() == []


def test_without_tokens_a_school_of_ones_own_is_told_where_they_belong_and_of_a_name_that_is_none(
    made: Earshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP", "REHEARSAL"):
        monkeypatch.setenv(f"EARSHOT_{name}_PORT", str(free_port()))
    monkeypatch.setenv("EARSHOT_TELEGRAM_TOKN", "700000001:made-up")
    told = made("run")
    assert (told.status, told.err) == (
        1,
        "EARSHOT_TELEGRAM_TOKN is no setting of Earshot and does nothing: compare it with .env.example. "
        "There are no tokens, and this database holds a school of its own: to run that, put the tokens of Telegram and "
        "Slack in .env; for a rehearsal, set EARSHOT_DATA_DIR to another folder.",
    )
