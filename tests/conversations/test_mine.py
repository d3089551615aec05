"""My check-ins: which are shown, in whose words, and that they hold no score."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from conversations.bank import LATEST, load
from conversations.flows.mine import LAST, Kept, Sheet, heading, in_words, sheets
from conversations.model import Band, Person, ShowAnswers, State, Tap
from conversations.router import step
from tests.dialogues.transcript import in_english

PUPIL = Person(band="older", language="en", languages=("en",), nation="ENG", status="stopped")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def kept(weeks_ago: int, *answers: tuple[str, int | None], band: Band = "older", bank: str = LATEST) -> Kept:
    return Kept(MONDAY - timedelta(weeks=weeks_ago), bank, band, answers or (("SD-IN-1", 0),))


def shown_in_english(sheet: Sheet) -> list[tuple[str, str]]:
    return [(in_english(question), in_english(answer)) for question, answer in sheet.lines]


def test_the_last_check_ins_are_shown_newest_first_as_many_as_the_age_can_take():
    all_of_them = [kept(weeks) for weeks in (3, 0, 5, 1, 4, 2)]
    assert [sheet.at for sheet in sheets(all_of_them, "older")] == [MONDAY - timedelta(weeks=n) for n in range(4)]
    assert [sheet.at for sheet in sheets(all_of_them, "young")] == [MONDAY, MONDAY - timedelta(weeks=1)]
    assert dict(LAST) == {"young": 2, "older": 4}


def test_question_and_answer_stand_as_they_were_met_also_what_was_skipped():
    item = load(LATEST).items["ST-BATTERY-1"]
    (sheet,) = sheets([kept(0, ("ST-BATTERY-1", 2), ("SD-IN-1", None), band="young")], "young")
    assert shown_in_english(sheet) == [
        (item.stem["young"], item.options["young"][2].text),
        (load(LATEST).items["SD-IN-1"].stem["young"], "Skipped"),
    ]


def test_what_no_bank_holds_any_more_is_passed_over():
    odd = [kept(0, ("NO-SUCH-1", 0), ("SD-IN-1", 9)), kept(1, bank="1999-1"), kept(2, ("SD-IN-1", 1))]
    assert [sheet.at for sheet in sheets(odd, "older")] == [MONDAY - timedelta(weeks=2)]


def test_words_say_what_the_picture_shows_and_no_number_but_how_many_there_are():
    message = in_words(sheets([kept(0, ("SD-IN-1", 0), ("SD-IN-2", 4)), kept(1)], "older"))
    said = "\n".join(in_english(paragraph) for paragraph in message.paragraphs)
    for name, option in (("SD-IN-1", 0), ("SD-IN-2", 4)):
        item = load(LATEST).items[name]
        assert f"{item.stem['older']} {item.options['older'][option].text}" in said
    assert in_english(heading(sheets([kept(0), kept(1)], "older"))) == "2 check-ins"
    assert in_english(heading(sheets([kept(0)], "older"))) == "1 check-in"


def test_with_nothing_kept_that_is_said():
    assert [in_english(words) for words in in_words(()).paragraphs] == [
        "Nothing here yet. Your answers will show here after a check-in."
    ]


def test_a_sheet_survives_json():
    (sheet,) = sheets([kept(0, ("SD-IN-1", 0), ("SD-IN-2", None))], "older")
    assert Sheet.from_json(sheet.to_json()) == sheet


def test_asking_shows_answers_and_changes_nothing():
    taken = step(State(), Tap("mine"), PUPIL, MONDAY)
    assert (taken.effects, taken.state) == ((ShowAnswers(),), State())
