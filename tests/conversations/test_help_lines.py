"""Help lines: every nation has some, whatever it is called."""

from __future__ import annotations

import pytest

from conversations.help_lines import BY_NATION, help_lines


@pytest.mark.parametrize(
    ("nation", "emergency", "childline", "texts"),
    [
        ("ENG", ("999",), "0800 1111", ["85258"]),
        ("Wales", ("999",), "0800 1111", ["85258"]),
        ("sct", ("999",), "0800 1111", ["85258"]),
        ("NI", ("999",), "0800 1111", ["85258"]),
        ("northern_ireland", ("999",), "0800 1111", ["85258"]),
        ("IE", ("112", "999"), "1800 66 66 66", []),
        ("Ireland", ("112", "999"), "1800 66 66 66", []),
    ],
)
def test_each_nation_has_its_numbers(nation: str, emergency: tuple[str, ...], childline: str, texts: list[str]):
    lines = help_lines(nation)

    assert lines.emergency == emergency
    assert [line.number for line in lines.ring] == [childline]
    assert [line.number for line in lines.text] == texts


def test_an_unknown_nation_gets_the_lines_of_the_united_kingdom():
    assert help_lines("Atlantis") == help_lines("ENG")
    assert help_lines("") == help_lines("ENG")


def test_every_entry_says_where_it_was_checked():
    assert [nation for nation, lines in BY_NATION.items() if not lines.checked_at] == []
