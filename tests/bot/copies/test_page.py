"""A pupil's copy: every column of theirs is told in words or set aside on purpose, in the language they read."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.copies.gathering import Kept, as_data, gather
from bot.copies.page import as_page
from bot.copies.words import DAMAGED
from bot.text import languages
from conversations.bank import LATEST, load
from store.sealing import Sealer
from store.tables import Flag, Pupil, School
from tests.factories import NOW
from tests.story import WORDS, Story, told

PUPIL = "PUP-88001"


@pytest.fixture
def story(engine: Engine, sealer: Sealer) -> Iterator[Story]:
    """A school after its first day with Earshot."""
    with told(engine, sealer) as story:
        yield story


def kept_in(story: Story, engine: Engine, sealer: Sealer, language: str | None = None) -> Kept:
    with Session(engine) as session:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", PUPIL))).one()
        return gather(session, sealer, session.exec(select(School)).one(), pupil, NOW, language)


def read(page: str) -> str:
    """What somebody reads on the page, one line a piece."""
    seen = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"\n+", "\n", re.sub(r"<[^>]+>", "\n", seen)))


def test_the_page_holds_words_and_no_names_of_columns_or_codes(story: Story, engine: Engine, sealer: Sealer) -> None:
    kept = kept_in(story, engine, sealer)
    seen = read(as_page(kept))
    codes = r"_|[{}]|\b(active|older|owned|raised|model|ladder|nudge|None|True|False)\b"
    # The bank's own words ("None, mine goes first") are no codes.
    items = load(LATEST).items.values()
    asked = {option.text for item in items for options in item.options.values() for option in options}
    asked |= {words for item in items for words in item.stem.values()}
    assert "None, mine goes first" in asked
    assert [line for line in seen.splitlines() if re.search(codes, line) and line not in asked] == []
    for line in ("Zephyrine Marchbanks", "For ages 11 to 18", "You answered", WORDS, "Ottoline Brackenbury", "English"):
        assert line in seen.splitlines()
    assert "Made on Tuesday, 24 November 2026, 10:00." in seen


def test_what_is_technical_is_in_the_data_alone(story: Story, engine: Engine, sealer: Sealer) -> None:
    kept = kept_in(story, engine, sealer)
    data = as_data(kept)
    assert {"signal", "conversation", "outcome"} <= set(data)
    assert data["signal"][0]["model"] == kept.tables["signal"][0]["model"]
    assert data["escalation"][0]["ladder"] == kept.tables["escalation"][0]["ladder"]
    assert kept.tables["signal"][0]["model"] not in read(as_page(kept))


def test_the_page_is_in_the_pupils_language_with_its_direction_dates_and_questions(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    english = as_data(kept_in(story, engine, sealer))["check_in"][0]["answers"]
    shown = as_page(kept_in(story, engine, sealer)).count("<h2>")
    for language in languages()[1:]:
        theirs = kept_in(story, engine, sealer, language)
        page = as_page(theirs)
        assert f'<html lang="{language}" dir="{"rtl" if language in ("ar", "ur") else "ltr"}">' in page
        assert (page.count("<h2>"), "November" in read(page)) == (shown, False)
        asked = as_data(theirs)["check_in"][0]["answers"]
        assert not {one["question"] for one in english} & {one["question"] for one in asked}
        assert [one["question"] for one in asked if one["question"] not in read(page)] == []


def test_who_decided_about_something_of_theirs_is_among_those_who_looked(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    did = {look.did for look in kept_in(story, engine, sealer).looks}
    assert {"read request", "nudge taken", "copy agreed to"} <= did


def test_a_page_cannot_be_broken_by_what_a_pupil_typed() -> None:
    typed = "</script><script>alert(1)</script>"
    kept = Kept("<b>", "A & B", "Europe/London", "en", NOW, {"check_in": ({"words_sealed": typed},)}, ())
    page = as_page(kept)
    assert page.count("<script") == page.count("</script>") == 1
    assert json.loads(page.split('id="data">')[1].split("</script>")[0]) == as_data(kept)


def test_what_was_damaged_is_told_as_such_and_harms_nothing_else(story: Story, engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        for flag in session.exec(select(Flag)):
            flag.reasons_sealed = flag.reasons_sealed[:-1] + bytes([flag.reasons_sealed[-1] ^ 1])
        session.commit()
    kept = kept_in(story, engine, sealer)
    assert [row["reasons_sealed"] for row in kept.tables["flag"]] == [DAMAGED]
    assert "This can no longer be read." in read(as_page(kept))


def test_why_a_note_was_made_is_told_without_numbers() -> None:
    why = {"reasons": [{"code": "fallen", "series": 1, "was": 0.1}, {"code": "silence"}, {"code": "later"}]}
    row = {"reasons_sealed": why, "raised_at": NOW - timedelta(days=1)}
    kept = Kept("Wren", "Fernhill", "Europe/London", "en", NOW, {"flag": (row,)}, ())
    seen = read(as_page(kept)).splitlines()
    at = seen.index("Why")
    assert seen[at + 1 : at + 6] == [
        "Your answers changed from what is usual for you.",
        "It was about this: trust in yourself.",
        "You answered less often than is usual for you.",
        "Several small things came together.",
        "It was about this: how things are.",
    ]
    assert read(as_page(replace(kept, tables={"flag": ({"reasons_sealed": {"reasons": []}},)}))).count("Several") == 1
