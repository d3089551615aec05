"""What the copy of a member of staff says of codes and of the record: every code and every act has words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.copies.staff_words import ACTS, KINDS, ROLES, did_as_staff
from conversations.model import verbatim
from scheduling.escalation import KINDS as CASES
from store import tables

ROOT = Path(__file__).parents[3]
# Where something is written to the record in a member of staff's name, or about one.
WRITTEN = {"note", "_note", "_audit_list", "record", "_lead", "line", "_whole_school"}
READ = {"access_flag", "access_plan", "access_request", "access_copy", "access_contest", "access_asked"}


def acts() -> Iterator[str]:
    """Find the acts that the desks and the guards write to the record, as they stand in the source."""
    sources = [
        *(ROOT / "bot" / "slack").glob("*.py"),
        *(ROOT / "bot" / "whisper").glob("*.py"),
        *(ROOT / "bot" / "commands").glob("whisper*.py"),
        ROOT / "store" / "guards.py",
    ]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            said = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if name in WRITTEN:
                # What ends in a space goes on with what was said; such acts are named one by one below.
                yield from (one for one in said if " " in one and not one.endswith(" "))
            elif name in READ:
                yield from (f"read {one}" for one in said)


def test_every_act_of_the_desks_and_guards_has_words():
    found = set(acts())
    assert {"nudge done", "copy agreed to", "read open nudges", "read whisper", "read plan", "absence set"} <= found
    assert found - set(ACTS) == set()


@pytest.mark.parametrize("act", ["nudge taken", "nudge not_needed", "request promised today", "asked to check in: no"])
def test_acts_that_carry_what_was_said_have_words_too(act: str):
    assert did_as_staff(act) != verbatim(act)


def test_an_act_without_words_is_told_as_it_stands_on_record():
    assert did_as_staff("something new") == verbatim("something new")


def test_every_role_and_kind_of_case_has_words():
    assert (set(ROLES), set(KINDS)) == (set(tables.ROLES), set(CASES))
