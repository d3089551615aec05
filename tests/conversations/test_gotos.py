"""Choosing go-tos among many: by letter and by page, and what was shown before somebody left."""

from __future__ import annotations

import pytest

from conversations.adults import Adult, Adults, GoToAway, GoToBack, GoToGone
from conversations.flows import gotos
from conversations.model import Edit, Person, State
from conversations.router import step
from tests.factories import NOW

MANY = tuple(Adult(f"{number:032x}", f"Ms Amber{number:02}") for number in range(10))
OTHERS = tuple(Adult(f"{number:032x}", f"Mr {letter}oss") for number, letter in enumerate("BCDEFG", start=20))


def person(everyone: tuple[Adult, ...] = (*MANY, *OTHERS), status: str = "active") -> Person:
    return Person("older", "en", ("en",), "ENG", status, adults=Adults(everyone=everyone))  # type: ignore[arg-type]


def pressed(data: str, who: Person) -> list[str]:
    """The data of the buttons that a tap brings, less those that lead out."""
    taken = gotos.tapped(State(), data, who)
    assert taken is not None
    (effect,) = taken.effects
    assert isinstance(effect, Edit)
    return [button.data for row in effect.message.rows for button in row]


def test_adults_of_one_letter_are_on_pages_and_every_one_of_them_can_be_reached():
    first = pressed("goto:1:l:A:0", person())
    assert [data for data in first if data.startswith("goto:1:a:")] == [f"goto:1:a:{one.id}" for one in MANY[:8]]
    assert "goto:1:l:A:1" in first
    second = pressed("goto:1:l:A:1", person())
    assert [data for data in second if data.startswith("goto:1:a:")] == [f"goto:1:a:{one.id}" for one in MANY[8:]]
    assert not any(data.startswith("goto:1:l:") for data in second)


@pytest.mark.parametrize("data", ["goto:1:l:Z:0", "goto:1:l:A:7", "goto:1:l:A:99999999"])
def test_letter_whose_last_adult_has_left_meanwhile_shows_the_letters_again(data: str):
    assert pressed(data, person()) == pressed("goto:1", person())


@pytest.mark.parametrize("data", ["goto:1:l:A:x", "goto:1:l:A:-1", "goto:1:l:A:²", "goto:4", "goto:1:l:A"])
def test_button_that_is_none_of_ours_is_not_taken(data: str):
    assert gotos.tapped(State(), data, person()) is None


@pytest.mark.parametrize(
    "event", [GoToGone(1, "Ms Amber01"), GoToAway("Ms Amber01", NOW.date(), ""), GoToBack("Ms Amber01")]
)
def test_pupil_who_has_left_hears_nothing_of_their_go_tos(event: GoToGone | GoToAway | GoToBack):
    assert step(State(), event, person(status="left"), NOW).effects == ()
