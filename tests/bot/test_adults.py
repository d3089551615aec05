"""Names found by a part of them, and the adults around a pupil as a step is told of them."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from bot.adults import SHOWN, adults_of, find, plain
from conversations.adults import Adult, Adults
from store import gotos
from store.sealing import Sealer
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff

NAMES = (
    "Mrs Gwen Greene",
    "Gus Green",
    "Mr Grey",
    "Élodie Côté",
    "Siân O’Neill",
    "Anna-Maria Smith",
    "Dr Smythe",
    "Ольга Петренко",
    "Bo Li",
)
STAFF = tuple(Adult(f"{number:032x}", name) for number, name in enumerate(NAMES))


def names(typed: str) -> list[str]:
    return [one.name for one in find(typed, STAFF)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mrs gren", ["Gus Green", "Mrs Gwen Greene"]),
        ("green", ["Gus Green", "Mrs Gwen Greene"]),
        ("gwen g", ["Mrs Gwen Greene"]),
        ("Miss Greene", ["Mrs Gwen Greene", "Gus Green"]),
        ("cote", ["Élodie Côté"]),
        ("ELODIE", ["Élodie Côté"]),
        ("oneill", ["Siân O’Neill"]),
        ("o'neil", ["Siân O’Neill"]),
        ("simth", ["Anna-Maria Smith", "Dr Smythe"]),
        ("anna maria", ["Anna-Maria Smith"]),
        ("петр", ["Ольга Петренко"]),
        ("li", ["Bo Li"]),
    ],
)
def test_part_of_a_name_finds_it_and_shows_all_that_are_as_like(typed: str, found: list[str]):
    assert names(typed) == found


@pytest.mark.parametrize("typed", ["", "  ", "xyzzy", "👍", "green" * 20, "\x00", "green purple walrus"])
def test_words_that_are_like_no_name_find_nobody(typed: str):
    assert names(typed) == []


def test_no_more_are_shown_than_fit():
    many = tuple(Adult(str(number), f"Sam Green{number}") for number in range(30))
    assert len(find("green", many)) == SHOWN


def test_a_name_is_compared_without_accents_signs_and_capitals():
    assert plain("Siân O’Neill-JONES ") == "sian oneill jones"


def test_a_step_is_told_only_what_it_needs(session: Session, sealer: Sealer):
    school = make_school(session)
    tutor, first, gone = (make_staff(session, sealer, school, *roles) for roles in (("tutor",), ("dsl",), ()))
    make_staff(session, sealer, school, "installer")
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7, tutor))
    for place, adult in ((1, gone), (2, first)):
        assert gotos.name(session, pupil, place, adult.id, NOW)
    gone.active = False
    session.flush()
    assert adults_of(session, sealer, pupil, "nobody") == Adults()
    mine = adults_of(session, sealer, pupil, "mine", "green")
    told = Adult(first.id.hex, sealer.read(first, "name"))
    tutors = Adult(tutor.id.hex, sealer.read(tutor, "name"))
    assert mine == Adults(gotos=(None, told), tutor=tutors)
    everyone = adults_of(session, sealer, pupil, "everyone", tutors.name)
    assert (set(everyone.everyone), everyone.found[0]) == ({told, tutors}, tutors)


def test_two_of_the_same_name_are_told_apart_by_their_tutor_group(session: Session, sealer: Sealer):
    school = make_school(session)
    one, other = (make_staff(session, sealer, school, "tutor") for _ in range(2))
    sealer.write(other, "name", sealer.read(one, "name"))
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7, one))
    make_group(session, school, "8A", 8, other)
    name = sealer.read(one, "name")
    shown = adults_of(session, sealer, pupil, "everyone").everyone
    assert [adult.name for adult in shown] == [f"{name} (7B)", f"{name} (8A)"]


def test_a_school_without_leads_or_head_has_nobody_to_tell_in_the_end(session: Session, sealer: Sealer):
    school = make_school(session)
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7))
    assert adults_of(session, sealer, pupil, "mine").leads is False
    make_staff(session, sealer, school, "head")
    assert adults_of(session, sealer, pupil, "mine").leads is True
