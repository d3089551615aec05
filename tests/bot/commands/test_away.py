"""`earshot away`: set, listed and ended; what cannot be is one sentence, and changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.bot.commands.test_care import actions
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made

__all__ = ["_as_before", "earshot", "made", "people"]

TESS = "t.tolling@fernhill.example"


def test_an_absence_is_set_listed_and_ended(made: Earshot, people: None) -> None:
    assert made("away", "list").out == "Nobody is away."
    told = made("away", "set", TESS, "--until", "2099-01-01")
    assert told.err == "That is more than a year ahead. Nothing was changed."
    until = next_year()
    told = made("away", "set", TESS.upper(), "--from", until, "--until", until)
    assert told.out.startswith("The absence is set.")
    assert "Tess Tolling" in made("away", "list").out
    assert made("away", "end", TESS).out == "They are back."
    assert made("away", "end", TESS).out == "They were not away."
    assert [action for action in actions() if "absence" in action] == ["absence set", "absence ended"]


def next_year() -> str:
    return (datetime.now(UTC) + timedelta(days=300)).date().isoformat()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody@fernhill.example", "--until", "2026-12-01"), "No member of staff here has that e-mail address. "),
        ((TESS, "--until", "soon"), "“soon” is no day. Write it as YYYY-MM-DD."),
        ((TESS, "--until", "2020-01-01"), "The last day is before the first, or has passed. Nothing was changed."),
        ((TESS, "--until", "NEXT", "--cover", TESS), "Somebody else must stand in. Nothing was changed."),
    ],
)
def test_what_cannot_be_is_told(made: Earshot, people: None, arguments: tuple[str, ...], sentence: str) -> None:
    told = made("away", "set", *(next_year() if one == "NEXT" else one for one in arguments))
    assert (told.status, told.err[: len(sentence)]) == (1, sentence[:1].upper() + sentence[1:])
    assert made("away", "list").out == "Nobody is away."
