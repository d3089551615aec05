"""A school's file of questions: read whole or refused with a sentence, and asked in the weeks that it names."""

from __future__ import annotations

from datetime import date

import pytest

from conversations.questions_file import Questions, QuestionsProblem, choose, read

TUESDAY = date(2026, 12, 1)
USUAL = ("SD-IN-1", "TS-IN-1")
LUNCH = """
[[item]]
id = "LUNCH-1"
young.stem = "Where do you sit at lunch?"
young.pictures = ["🪟", "🪑", "🎪"]
young.options = ["At the edge", "Part way in", "In the middle"]
older.stem = "Where do you sit at lunch?"
older.options = ["At the edge", "In the middle"]
"""
CLUBS = """
[[item]]
id = "CLUB-1"
from = 2026-11-24
until = 2026-12-08
every = 2
older.stem = "How many clubs this week?"
older.options = ["None", "One", "Two or more"]
"""


def asked(text: str, day: date = TUESDAY, band: str = "older") -> tuple[str, ...]:
    return choose(read(text), USUAL, "young" if band == "young" else "older", day).items


def test_own_questions_come_after_the_usual_ones_in_the_order_of_the_file():
    both = CLUBS.replace("every = 2", "every = 1") + LUNCH
    assert asked(both) == (*USUAL, "own:CLUB-1", "own:LUNCH-1")
    assert asked(LUNCH) == (*USUAL, "own:LUNCH-1")


def test_a_question_is_asked_from_its_first_week_to_its_last_every_so_many_weeks():
    weeks = [date(2026, 11, day) for day in (17, 24)] + [date(2026, 12, day) for day in (1, 8, 15, 22)]
    assert ["own:CLUB-1" in asked(CLUBS, day) for day in weeks] == [False, True, False, True, False, False]


def test_of_many_questions_two_come_in_one_week():
    three = LUNCH + LUNCH.replace("LUNCH-1", "LUNCH-2") + LUNCH.replace("LUNCH-1", "LUNCH-3")
    assert asked(three) == (*USUAL, "own:LUNCH-1", "own:LUNCH-2")


def test_an_age_without_words_is_not_asked():
    assert asked(CLUBS.replace("every = 2", ""), band="young") == USUAL


def test_a_whole_check_in_is_asked_instead_in_its_week_alone_and_may_hold_the_banks_items():
    text = LUNCH + '[[check_in]]\nweek_of = 2026-12-03\nitems = ["SD-IN-2", "LUNCH-1"]\n'
    chosen = choose(read(text), USUAL, "older", TUESDAY)
    assert (chosen.items, [one.id for one in chosen.own]) == (("SD-IN-2", "own:LUNCH-1"), ["own:LUNCH-1"])
    assert asked(text, date(2026, 12, 8)) == (*USUAL, "own:LUNCH-1")


def test_a_check_in_is_pinned_to_the_bank_only_if_it_asks_of_it():
    whole = LUNCH + '[[check_in]]\nweek_of = 2026-12-01\nitems = ["LUNCH-1"]\n'
    assert choose(read(LUNCH), USUAL, "older", TUESDAY).version("2026-1", 3) == "2026-1+3"
    assert choose(read(whole), USUAL, "older", TUESDAY).version("2026-1", 3) == "+3"
    assert choose(Questions(), USUAL, "older", TUESDAY).version("2026-1", 3) == "2026-1"


def test_what_was_retired_is_asked_no_more_also_in_a_whole_check_in():
    text = LUNCH + CLUBS + '[[check_in]]\nweek_of = 2026-12-01\nitems = ["LUNCH-1", "CLUB-1"]\n'
    left = read(text).without({"own:LUNCH-1"})
    assert choose(left, USUAL, "older", TUESDAY).items == ("own:CLUB-1",)
    assert choose(left.without({"own:CLUB-1"}), USUAL, "older", TUESDAY).items == USUAL


def test_words_in_another_language_are_read_and_english_stands_in_for_the_rest():
    (one,) = read(LUNCH + 'older.cy.stem = "Ble?"\nolder.cy.options = ["Ymyl", "Canol"]\n').items
    wordings = [one.question.wording("older", "cy"), one.question.wording("older", "pl")]
    assert [words and (words.language, words.stem) for words in wordings] == [
        ("cy", "Ble?"),
        ("en", "Where do you sit at lunch?"),
    ]
    young = one.question.wording("young", "cy")
    assert young is not None
    assert (young.language, young.pictures) == ("en", ("🪟", "🪑", "🎪"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The file holds no questions"),
        ("[[item", "The file is not TOML"),
        ("item = 3", "“item” is written as [[item]]"),
        ("colour = 3\n" + LUNCH, "“colour” means nothing here"),
        (LUNCH.replace('"LUNCH-1"', '"lunch"'), "Question 1: give it an id"),
        (LUNCH.replace("LUNCH-1", "SD-IN-1"), "SD-IN-1 is the id of one of the item bank's own"),
        (LUNCH + LUNCH, "LUNCH-1 is there twice"),
        ('[[item]]\nid = "A"\n', "A: it needs young.stem or older.stem"),
        (LUNCH + "colour = 3\n", "LUNCH-1: “colour” means nothing here"),
        (LUNCH + "until = 2026-01-01\nfrom = 2026-02-01\n", "LUNCH-1: “until” comes before “from”"),
        (LUNCH + 'from = "Monday"\n', "LUNCH-1: “from” is a day"),
        (LUNCH + "every = 0\n", "LUNCH-1: “every” is a number of weeks"),
        (LUNCH + "every = 2\n", "LUNCH-1: with “every” it needs “from”"),
        (LUNCH.replace('["At the edge", "In the middle"]', '["One"]'), "LUNCH-1, older: give 2 to 5 options"),
        (LUNCH.replace('"🪟", ', ""), "LUNCH-1, young: give one picture for each option"),
        (LUNCH.replace("Part way in", "Part of the way into it"), "LUNCH-1, young: “Part of the way into it” has 23"),
        (LUNCH + 'older.cy.stem = "Ble?"\nolder.cy.options = ["Ymyl", "Canol", "?"]\n', "LUNCH-1: older.cy has other"),
        (LUNCH + 'older.welsh.stem = "Ble?"\n', "LUNCH-1: “older.welsh” means nothing here"),
        (LUNCH + 'older.cy.stem = "Ble?"\nolder.cy.options = 3\n', "LUNCH-1, older.cy: the options are words"),
        (LUNCH + '[[check_in]]\nweek_of = 2026-12-01\nitems = [["LUNCH-1"]]\n', "Check-in 1: there is no question ["),
        (LUNCH + "[[check_in]]\nitems = []\n", "Check-in 1: give “week_of”"),
        (LUNCH + '[[check_in]]\nweek_of = 2026-12-01\nitems = ["NO"]\n', "Check-in 1: there is no question NO"),
        (LUNCH + '[[check_in]]\nweek_of = 2026-12-01\nitems = ["LUNCH-1", "LUNCH-1"]\n', "Check-in 1: a question is"),
        (LUNCH + 2 * '[[check_in]]\nweek_of = 2026-12-01\nitems = ["LUNCH-1"]\n', "The week of 2026-12-01 has two"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(text: str, says: str):
    with pytest.raises(QuestionsProblem) as refused:
        read(text)
    assert str(refused.value).startswith(says)


def refused(text: str) -> list[str]:
    with pytest.raises(QuestionsProblem) as problem:
        read(text)
    return str(problem.value).split("\n")


def test_all_that_cannot_be_used_is_told_at_once_in_the_order_of_the_file():
    text = """colour = 1
shape = 2
[[item]]
id = "lunch"
size = 3
until = "Monday"
every = 2
young.stem = ""
young.options = ["One"]
young.cy.stem = "Ble?"
young.cy.options = ["Ymyl", 3]
young.welsh = 4
older.stem = "Where?"
older.options = ["Here", "There"]
older.pictures = ["🪟"]
[[item]]
id = "SD-IN-1"
older.stem = "Where?"
older.options = ["Here", "Somewhere that is far away from it"]
[[item]]
id = "A"
[[item]]
id = "A"
young = 3
[[check_in]]
week_of = "Monday"
items = ["A", "NO", "NEITHER", "A"]
[[check_in]]
items = []
"""
    assert refused(text) == [
        "“colour” means nothing here: a file holds [[item]] and [[check_in]].",
        "“shape” means nothing here: a file holds [[item]] and [[check_in]].",
        "Question 1: give it an id of capital letters, digits and hyphens, such as LUNCH-1.",
        "Question 1, young: the stem is the question, in quotes.",
        "Question 1, young: give 2 to 5 options, not 1.",
        "Question 1, young.cy: the options are words in quotes, in square brackets.",
        "Question 1: “young.welsh” means nothing here; cy, pl and so on are languages.",
        "Question 1, older: give one picture for each option, or none.",
        "Question 1: “size” means nothing here.",
        "Question 1: “until” is a day, written without quotes, such as 2026-12-01.",
        "Question 1: with “every” it needs “from”, the day to count from.",
        "SD-IN-1 is the id of one of the item bank's own questions. Choose another.",
        "SD-IN-1, older: “Somewhere that is far away from it” has 34 characters; 22 is the most.",
        "A: it needs young.stem or older.stem.",
        "A: young needs a stem and options.",
        "A is there twice. Give each question an id of its own.",
        "Check-in 1: “week_of” is a day, written without quotes, such as 2026-12-01.",
        "Check-in 1: there is no question NO in this file, nor in the item bank.",
        "Check-in 1: there is no question NEITHER in this file, nor in the item bank.",
        "Check-in 1: a question is there twice.",
        "Check-in 2: give “week_of”, a day, and “items”, a list of ids.",
        "A question is written so:",
        "",
        "[[item]]",
        'id = "LUNCH-1"',
        'young.stem = "Where do you sit at lunch?"',
        'young.options = ["At the edge", "Part way in", "In the middle"]',
    ]


def test_what_only_follows_from_another_problem_is_not_told_as_well():
    wrong = LUNCH + 'every = 2\nfrom = "Monday"\nuntil = 2026-01-01\n'
    assert refused(wrong + '[[check_in]]\nweek_of = 2026-12-01\nitems = ["LUNCH-1"]\n') == [
        "LUNCH-1: “from” is a day, written without quotes, such as 2026-12-01."
    ]
    fewer = LUNCH.replace('["At the edge", "In the middle"]', '["One"]')
    assert refused(fewer + 'older.cy.stem = "Ble?"\nolder.cy.options = ["Ymyl", "Canol"]\n') == [
        "LUNCH-1, older: give 2 to 5 options, not 1."
    ]
