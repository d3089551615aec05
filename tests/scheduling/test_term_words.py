"""Titles as schools word them, and the neighbours they must not be taken for."""

import pytest

from scheduling.term_words import NOT_TERM_DATES, SOME_YEARS, Meaning, meaning_of, term_name

MEANINGS = {
    ("term", "span"): [
        "Autumn Term",
        "Autumn term 2026",
        "Spring Term 2026/27",
        "Term 1",
        "TERM 3",
        "Autumn 1",
        "Summer 2",
        "Michaelmas Term",
        "Term time - Spring",
        "Summer Term – second half",
        "Half Term 3",
        "Autumn First Half-Term",
        "Tymor yr Hydref",
    ],
    ("term", "first"): [
        "Autumn term begins",
        "Term starts",
        "Term 2 starts",
        "Start of term",
        "Start of Spring Term 2027",
        "Beginning of the Summer Term",
        "First day of term",
        "First Day of Autumn Term (uniform sale at noon)",
        "First day of school",
        "First day back",
        "Back to school",
        "Pupils return",
        "Students return to school",
        "All pupils return - Autumn Term",
        "School reopens",
        "School re-opens after Christmas",
        "Return to school after the Easter holidays",
        "Academic year begins",
    ],
    ("term", "last"): [
        "Term ends",
        "Autumn Term ends",
        "Autumn term finishes at 1.30pm",
        "End of term",
        "End of Summer Term",
        "Last day of term",
        "Last day of term - own clothes, early finish",
        "Last day of Autumn term",
        "Last day of the school year",
        "Last day for pupils",
        "School breaks up",
        "Break up for Christmas",
        "School closes for Easter",
        "School closes for the summer holidays",
        "Last day before Christmas holidays",
    ],
    ("half_term", "span"): [
        "Half term",
        "Half-Term",
        "HALF TERM HOLIDAY",
        "Half‑term (school closed)",
        "October Half Term Break",
        "Autumn half term",
        "Halfterm",
        "Mid-term break",
        "Hanner tymor",
    ],
    ("half_term", "eve"): [
        "Break up for half term",
        "School breaks up for half-term",
        "Last day before half term",
        "School closes for half term",
    ],
    ("half_term", "return"): [
        "Return to school after half term",
        "Pupils return after half-term",
        "School reopens after half term",
        "Term resumes after half-term break",
        "First day back after half term",
    ],
    ("half_term", "first"): ["Half term begins", "Half-term starts", "Start of half term", "First day of half term"],
    ("half_term", "last"): ["Half term ends", "Half-term holiday ends", "End of half-term"],
    ("inset", "span"): [
        "INSET",
        "INSET day",
        "Inset Day – school closed to pupils",
        "In-set day",
        "INSET Day 2",
        "Autumn Term: INSET Day",
        "Staff Training Day",
        "Staff training",
        "Training day (no pupils)",
        "Teacher Training",
        "PD Day",
        "CPD Day",
        "Professional Development Day",
        "In-service day",
        "School Development Day",
        "Non-pupil day",
        "Diwrnod HMS",
    ],
    ("closed", "span"): [
        "Christmas holidays",
        "Christmas Holiday",
        "Easter break",
        "Summer holidays",
        "Holiday",
        "October holiday",
        "Winter vacation",
        "Bank Holiday",
        "Early May Bank Holiday",
        "Good Friday",
        "Easter Monday",
        "New Year’s Day",
        "St Andrew’s Day",
        "School closed",
        "School closed - polling station",
        "SCHOOL IS CLOSED",
        "Closed",
        "Closed to pupils",
        "No school",
        "Occasional Day",
        "Exceptional closure day",
        "Gwyliau’r Nadolig",
        "Gŵyl y Banc",
    ],
    ("closed", "first"): ["Christmas holidays begin", "Easter break starts", "Start of the summer holidays"],
    ("closed", "last"): ["Christmas holidays end", "End of Easter holiday", "Last day of the summer holidays"],
}


@pytest.mark.parametrize(
    ("title", "kind", "edge"), [(title, *meaning) for meaning, titles in MEANINGS.items() for title in titles]
)
def test_a_title_of_term_dates_is_understood(title: str, kind: str, edge: str):
    assert meaning_of(title) == Meaning(kind, edge)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Sports day",
        "Year book orders",
        "Autumn term parents’ evening",
        "End of term assembly",
        "End of term disco",
        "Half-termly reports home",
        "Half term revision sessions",
        "Half term holiday club",
        "Easter holiday camp",
        "Twilight INSET",
        "INSET planning meeting",
        "Summer term photo",
        "School office closed",
        "Applications close",
        "Closing date for choices",
        "School closes early: 2pm",
        "Break the rules day",
        "Christmas dinner",
        "Football training",
        "Determination week",
        "Carol service",
    ],
)
def test_another_event_is_left_to_a_person(title: str):
    assert meaning_of(title) == NOT_TERM_DATES


@pytest.mark.parametrize(
    "title",
    [
        "Autumn term begins (Year 7 and Year 12)",
        "Y11 last day of term",
        "School closed for Years 7-9",
        "Nursery closed",
        "Sixth form INSET",
        "P1 first day of term",
        "Year R start of term",
        "Autumn term begins for staff",
    ],
)
def test_dates_for_some_of_the_school_only_are_left_to_a_person(title: str):
    assert meaning_of(title) == SOME_YEARS


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Autumn term begins", "Autumn term"),
        ("Last day of Spring Term 2027 - 1.30pm finish", "Spring term"),
        ("TERM 3 starts", "Term 3"),
        ("Term ends", "Term"),
        ("Pupils return", "Term"),
    ],
)
def test_a_term_is_named_as_its_first_or_last_day_names_it(title: str, name: str):
    assert term_name(title) == name
