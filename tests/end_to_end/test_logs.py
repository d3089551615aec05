"""What is written to the logs while people use Earshot and the networks misbehave: nothing of anybody."""

import logging
import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from bot import logs
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, TELEGRAM_TOKEN
from tests.end_to_end.rig import World, eventually

WORDS = "aubergine trombone"


@pytest.fixture
def written() -> Iterator[StringIO]:
    """The logs, as talkative as they can be set."""
    root, place = logging.getLogger(), StringIO()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.TALKATIVE}
    # Logging is set up only where nobody has done so; the test runner has.
    root.handlers.clear()
    with redirect_stderr(place):
        logs.set_up("DEBUG")
    yield place
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    for name, its_level in levels.items():
        logging.getLogger(name).setLevel(its_level)


async def test_logs_hold_nothing_of_anybody(earshot: World, written: StringIO):
    phone, (newcomer, code), tutor = earshot.near_pupil(), earshot.new_pupil(), earshot.tutor()
    await earshot.misbehave("all")
    await newcomer.write(code)
    await newcomer.reads("Before you start")
    await earshot.open_wave()
    shown = [await phone.answer(number, low=True) for number in range(1, 6)]
    await phone.reads("Anything else you would like to say?")
    await phone.write(f"{WORDS}, I want to die")
    await phone.reads("If you are in danger now")
    card = await tutor.reads("a change in pattern")
    await tutor.press(card, "I’ll take this")
    await earshot.leads()[0].reads("Urgent:")
    await phone.send("block", blocked=True)
    await earshot.misbehave("5xx")

    async def warned() -> bool:
        return "level='warning'" in written.getvalue()

    await eventually(warned, "a warning")
    await earshot.end()
    log = written.getvalue()
    await earshot.begin()

    people = earshot.people
    secret = [TELEGRAM_TOKEN, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, code, *WORDS.split(), "die"]
    secret += [str(one.id) for one in people.pupils] + [one.first_name for one in people.pupils]
    secret += [one.last_name for one in people.pupils] + [part for one in people.staff for part in one.name.split()]
    secret += [one.email for one in people.staff] + [one.id for one in people.staff]
    secret += [key["text"] for message in shown for row in message["keyboard"] for key in row if key["text"] != "Skip"]
    secret += [message["text"].split("\n\n")[1] for message in shown]
    found = {one for one in secret if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", log, re.IGNORECASE)}
    assert found == set()
