"""`earshot questions`: a file is checked, previewed, published, listed, shown and retired, or nothing is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from scheduling.own_questions import OwnOfWave
from scheduling.school import facts
from store import questions
from store.tables import CheckIn, Cursor, School, Wave
from tests.bot.test_command_line import TERMS, Earshot, _as_before, earshot, made
from tests.factories import CALENDAR, NOW, make_group, make_pupil, make_school

__all__ = ["_as_before", "earshot", "made"]

FILE = "ours.toml"
LUNCH = """
[[item]]
id = "LUNCH-1"
young.stem = "Where do you sit at lunch?"
young.options = ["At the edge", "Part way in", "In the middle"]
older.stem = "Where do you sit at lunch?"
older.options = ["At the edge", "In the middle"]
older.cy.stem = "Ble wyt ti’n eistedd?"
older.cy.options = ["Ar yr ymyl", "Yn y canol"]
"""
LEADING = LUNCH.replace("Where do you sit at lunch?", "Don’t you love lunch with your mum?")


def write(text: str) -> None:
    Path(FILE).write_text(text, "utf-8")


def published() -> list[tuple[int, str, list[str]]]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        found = [(row.number, row.file, row.retired) for row in questions.versions(session, school.id)]
    engine.dispose()
    return found


def test_a_neutral_file_passes_the_check(earshot: Earshot) -> None:
    write(LUNCH)
    told = earshot("questions", "check", FILE)
    assert (told.status, told.out) == (
        0,
        "1 question. Nothing found. Have somebody read them who was not there when they were written.",
    )


def test_a_mark_before_the_first_letter_is_no_part_of_the_file(made: Earshot) -> None:
    Path(FILE).write_text(LUNCH, "utf-8-sig")
    assert made("questions", "publish", FILE).status == 0
    assert published() == [(1, LUNCH, [])]


def test_what_leads_is_explained_and_not_published_unless_somebody_says_so(made: Earshot) -> None:
    write(LEADING)
    assert made("questions", "check", FILE).status == 1
    told = made("questions", "publish", FILE)
    assert (told.status, "Nothing was published." in told.out, published()) == (1, True, [])
    assert made("questions", "publish", FILE, "--anyway").status == 0
    assert published() == [(1, LEADING, [])]


def test_a_translation_that_is_long_is_explained_too(earshot: Earshot) -> None:
    write(LUNCH.replace("Ar yr ymyl", "Ar yr ymyl, wrth y drws yno"))
    told = earshot("questions", "check", FILE)
    assert (told.status, told.out.split(" Why")[0]) == (
        1,
        "LUNCH-1, older.cy (button): Ar yr ymyl, wrth y drws yno",
    )


@pytest.mark.parametrize("command", ["check", "preview", "publish"])
def test_a_file_that_is_not_there_is_one_sentence(earshot: Earshot, command: str) -> None:
    told = earshot("questions", command, "none.toml")
    assert (told.status, told.err) == (1, "There is no file none.toml. Check its name.")


def test_all_that_cannot_be_used_is_listed_at_once_and_nothing_is_published(made: Earshot) -> None:
    write(LUNCH.replace("LUNCH-1", "lunch") + LUNCH.replace("LUNCH-1", "SEAT-1").replace(', "In the middle"]', "]"))
    listed = (
        "Question 1: give it an id of capital letters, digits and hyphens, such as LUNCH-1. "
        "SEAT-1, older: give 2 to 5 options, not 1."
    )
    told = [made("questions", command, FILE) for command in ("check", "preview", "publish")]
    assert [(one.status, one.err) for one in told] == [(1, listed)] * 3
    assert published() == []


def test_a_preview_shows_both_ages_as_a_phone_does_and_the_weeks(earshot: Earshot) -> None:
    # A term around today, whenever that is: the weeks that are shown are those ahead.
    first, after = (datetime.now(UTC) + timedelta(days=days) for days in (-30, 60))
    terms = TERMS.replace("20260901", f"{first:%Y%m%d}").replace("20261219", f"{after:%Y%m%d}")
    Path("terms.ics").write_bytes(terms.encode())
    earshot("init", "--name", "Fernhill School", "--calendar", "terms.ics")
    write(LUNCH)
    told = earshot("questions", "preview", FILE, "--language", "cy").out
    assert "LUNCH-1, ages 11–18: Ble wyt ti’n eistedd? [ Ar yr ymyl ] [ Yn y canol ]" in told
    assert "LUNCH-1, ages 8–11: Where do you sit at lunch? LUNCH-1, ages 8–11: " in told
    assert "8–11: LUNCH-1; 11–18: LUNCH-1" in told
    assert published() == []


def test_versions_are_listed_shown_as_written_and_retired(made: Earshot) -> None:
    write(LUNCH)
    told = made("questions", "publish", FILE)
    assert told.out.startswith("Version 1 is published: 1 question. New: LUNCH-1. Asked no more: none.")
    assert "LUNCH-1: Where do you sit at lunch?" in made("questions", "list").out
    assert made("questions", "show").out == " ".join(LUNCH.split())
    assert made("questions", "retire", "LUNCH-1").out == "Retired. Version 2 is published: 0 questions."
    assert published() == [(1, LUNCH, []), (2, LUNCH, ["LUNCH-1"])]
    assert made("questions", "retire", "LUNCH-1").err.startswith("No question LUNCH-1 is asked.")
    said = "# Retired: LUNCH-1. Take out what stays retired: publishing this file asks it again. "
    assert made("questions", "show").out == said + " ".join(LUNCH.split())
    assert made("questions", "show", "--version", "1").out == " ".join(LUNCH.split())


def test_a_preview_without_term_dates_says_why_it_shows_no_weeks(made: Earshot) -> None:
    write(LUNCH)
    told = made("questions", "preview", FILE).out
    assert told.endswith("No week can be shown: no check-in lies ahead. Run `earshot calendar FILE.ics` first.")


def test_new_words_need_a_new_id_but_translations_may_change(made: Earshot) -> None:
    write(LUNCH)
    made("questions", "publish", FILE)
    write(LUNCH.replace("At the edge", "By the door"))
    told = made("questions", "publish", FILE)
    assert (told.status, told.err[:34]) == (1, "LUNCH-1 has other words than when ")
    write(LUNCH.replace("Ar yr ymyl", "Wrth y drws"))
    assert made("questions", "publish", FILE).status == 0


def test_every_question_with_other_words_is_named_at_once(made: Earshot) -> None:
    three = LUNCH + LUNCH.replace("LUNCH-1", "LUNCH-2") + LUNCH.replace("LUNCH-1", "LUNCH-3")
    write(three)
    assert made("questions", "publish", FILE).status == 0
    changed = LUNCH.replace("At the edge", "By the door")
    write(changed + LUNCH.replace("LUNCH-1", "LUNCH-2") + changed.replace("LUNCH-1", "LUNCH-3"))
    told = made("questions", "publish", FILE)
    assert (told.status, told.err.split(" than when")[0]) == (1, "LUNCH-1 and LUNCH-3 have other words")
    assert [number for number, _, _ in published()] == [1]


def test_with_none_published_the_list_says_where_to_begin(made: Earshot) -> None:
    assert made("questions", "list").out.startswith("The school has no questions of its own.")
    assert made("questions", "show").err.startswith("There is no such version.")


def test_real_pupils_are_never_asked_for_a_preview(made: Earshot) -> None:
    write(LUNCH)
    told = made("questions", "preview", FILE, "--phones")
    assert (told.status, told.err[:22], published()) == (1, "This is no rehearsal: ", [])


def test_totals_count_the_whole_school_and_hide_what_could_tell_who_it_was(made: Earshot) -> None:
    write(LUNCH)
    made("questions", "publish", FILE)
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = facts(session.exec(select(School)).one())
        group = make_group(session, school, "7B", 7)
        wave = Wave(school_id=school.id, day="2027-01-12", number=0, opens_at=NOW, closes_at=NOW, bank_version="2026-1")
        session.add(wave)
        session.flush()
        for number in range(12):
            pupil = make_pupil(session, sealer, school, group, phase="older" if number < 6 else "young")
            row = CheckIn(
                school_id=school.id,
                wave_id=wave.id,
                pupil_id=pupil.id,
                group_id=group.id,
                bank_version="2026-1+1",
                phase=pupil.phase,
                state="answered",
                opened_at=NOW,
            )
            # All six of the older at the edge; one of the six young ones in the middle.
            sealer.write(row, "answers", [["own:LUNCH-1", 2 if number == 11 else 0, 900], ["SD-IN-1", 1, 900]])
            session.add(row)
        # Another school's answers count nowhere here.
        elsewhere = make_school(session)
        other = make_group(session, elsewhere, "7B", 7)
        foreign = Wave(
            school_id=elsewhere.id, day="2027-01-12", number=0, opens_at=NOW, closes_at=NOW, bank_version="2026-1"
        )
        session.add(foreign)
        session.flush()
        theirs = {**row.model_dump(exclude={"id", "answers_sealed"}), "school_id": elsewhere.id, "wave_id": foreign.id}
        pupil = make_pupil(session, sealer, elsewhere, other)
        row = CheckIn(**theirs | {"pupil_id": pupil.id, "group_id": other.id})
        sealer.write(row, "answers", [["own:LUNCH-1", 2, 900]])
        session.add(row)
        session.commit()
    engine.dispose()
    assert made("questions", "totals", "LUNCH-1").out == (
        "Ages 8–11: “Where do you sit at lunch?” "
        "At the edge: 5 Part way in: fewer than 5 In the middle: fewer than 5 "
        "Ages 11–18: 6 answers to “Where do you sit at lunch?” At the edge: 6 In the middle: 0"
    )
    assert made("questions", "totals", "LUNCH-2").err.startswith("No question LUNCH-2 was ever published.")


def test_in_rehearsal_they_open_on_the_phones_at_once_as_a_whole_check_in(made: Earshot) -> None:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        school.policy, school.calendar = {"sample": {}}, CALENDAR.to_json()
        ahead = datetime(2027, 1, 12, 10, tzinfo=UTC) - datetime.now(UTC)
        session.add_all([school, Cursor(name="rehearsal clock", position=int(ahead.total_seconds()))])
        session.commit()
    write('[[check_in]]\nweek_of = 2027-01-12\nitems = ["SD-IN-1"]\n' + LUNCH)
    assert made("questions", "preview", FILE, "--phones").out == "They are on their way to the phones of the rehearsal."
    with Session(engine) as session:
        wave = session.exec(select(Wave)).one()
        ours = OwnOfWave(session, facts(session.exec(select(School)).one()), wave)
        version, chosen = ours.chosen(("SD-IN-2",), "older")
    engine.dispose()
    assert (wave.day, version, chosen.items) == ("2027-01-12", "+1", ("own:LUNCH-1",))
