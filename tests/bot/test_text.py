"""Text: plural forms, names that stay as they are, and times in the school's zone, near and far."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot import text
from conversations.model import Phrase, say, say_n, verbatim

ZONE = "Europe/London"
# A Thursday, 14:30 in London (summer time ends on 25 October).
NOW = datetime(2026, 10, 22, 13, 30, tzinfo=UTC)


def at(moment: str, now: datetime | None = NOW, zone: str = ZONE) -> str:
    return text.render(say("{at}", at=datetime.fromisoformat(moment)), "en", zone, now)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 pupils"), (1, "1 pupil"), (2, "2 pupils"), (11, "11 pupils"), (21, "21 pupils")]
)
def test_english_has_one_and_many(count: int, words: str):
    assert text.render(say_n("{count} pupil", "{count} pupils", count), "en", ZONE) == words


def test_names_are_never_translated_or_filled_in():
    assert text.render(verbatim("{count} of %s"), "en", ZONE) == "{count} of %s"
    assert text.render(say("For {name}.", name="{name}"), "en", ZONE) == "For {name}."


def test_a_sentence_without_fields_may_hold_braces():
    assert text.render(Phrase("A {brace"), "en", ZONE) == "A {brace"


def test_a_phrase_in_a_phrase_is_rendered_too():
    phrase = say("{name}: {state}", name="A.B.", state=say_n("{count} day", "{count} days", 2))
    assert text.render(phrase, "en", ZONE) == "A.B.: 2 days"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-10-22T14:30:00+00:00", "15:30"),
        ("2026-10-22T23:30:00+01:00", "23:30"),
        # Midnight of the school's zone is where today ends, not that of UTC.
        ("2026-10-22T23:30:00+00:00", "Friday 00:30"),
        ("2026-10-21T23:30:00+00:00", "00:30"),
        ("2026-10-23T08:00:00+01:00", "Friday 08:00"),
        # After the clock change.
        ("2026-10-26T08:30:00+00:00", "Monday 08:30"),
        ("2026-10-28T08:30:00+00:00", "Wednesday 08:30"),
        ("2026-10-20T08:30:00+01:00", "Tuesday 08:30"),
        # From a week on the date is said, or Thursday would be today.
        ("2026-10-29T08:30:00+00:00", "Thursday 29 October, 08:30"),
        ("2027-01-04T08:30:00+00:00", "Monday 4 January, 08:30"),
        ("2026-10-15T08:30:00+01:00", "Thursday 15 October, 08:30"),
    ],
)
def test_a_time_is_said_as_near_as_it_is(moment: str, words: str):
    assert at(moment) == words


def test_a_time_without_a_now_has_its_day():
    assert at("2026-10-22T14:30:00+00:00", now=None) == "Thursday 15:30"


def test_the_zone_decides_the_hour_and_the_day():
    assert at("2026-10-22T14:30:00+00:00", zone="Asia/Tokyo") == "23:30"
    assert at("2026-10-22T15:30:00+00:00", zone="Asia/Tokyo") == "Friday 00:30"


def test_english_is_the_first_language_and_an_unknown_one_falls_back_to_it():
    assert text.languages()[0] == "en"
    assert text.render(say("Hello"), "xx", ZONE) == "Hello"


def test_days_are_named_in_the_readers_language():
    assert text.render(say("{at}", at=datetime(2026, 10, 23, 7, tzinfo=UTC)), "cy", ZONE, NOW) == "Dydd Gwener 08:00"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Monday 4 January, 08:30"),
        ("cy", "Dydd Llun, 4 Ionawr 08:30"),
        ("pl", "poniedziałek, 4 stycznia, 08:30"),
        ("uk", "понеділок, 4 січня, 08:30"),
        ("ro", "luni, 4 ianuarie, 08:30"),
        ("pt", "segunda-feira, 4 de janeiro, 08:30"),
        ("fr", "lundi 4 janvier, 08:30"),
        ("es", "lunes, 4 de enero, 08:30"),
        ("ar", "\u2068الاثنين، 4 يناير، 08:30\u2069"),
        ("ur", "\u2068پیر، 4 جنوری 08:30\u2069"),
    ],
)
def test_a_date_is_written_as_the_readers_language_writes_it(language: str, words: str):
    assert text.render(say("{at}", at=datetime(2027, 1, 4, 8, 30, tzinfo=UTC)), language, ZONE, NOW) == words


def test_a_day_without_its_hour_is_written_as_the_readers_language_writes_it():
    phrase = Phrase.from_json(say("{on}", on=date(2027, 1, 4)).to_json())
    written = [text.render(phrase, language, ZONE, NOW) for language in ("en", "cy", "pt")]
    assert written == ["Monday 4 January", "Dydd Llun, 4 Ionawr", "segunda-feira, 4 de janeiro"]


def test_a_number_is_written_as_the_readers_language_writes_it():
    written = [text.render(say("{n}", n=12345), language, ZONE) for language in ("en", "es", "fr", "pl")]
    assert written == ["12,345", "12.345", "12\u202f345", "12\u00a0345"]


@pytest.mark.parametrize("language", [*text.languages(), "en_XA", "xx"])
def test_the_direction_of_a_language_is_what_babel_says(language: str):
    assert text.runs_right_to_left(language) == (text.babel_locale(language).text_direction == "rtl")


def test_right_to_left_words_keep_telephone_numbers_names_and_commands_in_their_own_order():
    phrase = say("{service}: ring {number}. Free, day and night.", service="Samaritans", number="116 123")
    rendered = text.render(phrase, "ar", ZONE)
    assert "\u2068Samaritans\u2069" in rendered
    assert "\u2068116 123\u2069" in rendered
    stop = text.render(say("You can stop when you like: send /stop. That is always fine."), "ar", ZONE)
    assert "\u2066/stop\u2069" in stop
    command = text.render(say("/{command}: {what}", command="menu", what=say("see what you can do here")), "ur", ZONE)
    assert command.startswith("\u2066/menu\u2069: ")


def test_left_to_right_words_hold_no_marks_of_direction():
    phrase = say("{service}: ring {number}. Free, day and night.", service="Samaritans", number="116 123")
    assert not {"\u2066", "\u2068", "\u2069"} & set(text.render(phrase, "pl", ZONE))
