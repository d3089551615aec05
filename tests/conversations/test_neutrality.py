"""Neutral and readable: each rule fails on words planted for it, and our own content passes them all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import textstat

from bot import catalogues, text
from conversations.bank import BANDS, LATEST, VERSIONS, load
from conversations.flows.help import COMMANDS
from conversations.model import Band, Phrase
from conversations.neutrality import (
    READING_AGES,
    SHORT_SENTENCE,
    Question,
    check,
    check_reading,
    check_text,
    check_translation,
    reading_age,
    sentences,
    valence,
)
from tests.dialogues.transcript import FOLDER
from tests.locales.in_pseudo import phrases_of
from tests.locales.test_pseudo import said_in

FIRST, *_ = VERSIONS


def kinds(stem: str, *options: str, band: Band = "older") -> list[str]:
    return [finding.kind for finding in check(Question(stem, options or ("One", "Two"), band))]


@pytest.mark.parametrize(
    ("stem", "kind"),
    [
        ("How lonely is your corner?", "loaded"),
        ("How great is the club?", "loaded"),
        ("You ask for help, don’t you?", "leading"),
        ("What should you do next?", "leading"),
        ("How happy is the dog’s owner?", "leading"),
        ("Who do you always sit with?", "absolute"),
        ("Is there nobody who is not there?", "negatives"),
        ("What do you do in your bedroom?", "home"),
        ("What does your mum say?", "home"),
        ("Tell us about the day.", "not asked"),
        ("Where do you sit? Who do you sit with?", "two ideas"),
        ("Considering the circumstances, which particular alternative appears preferable?", "reading"),
    ],
)
def test_each_rule_finds_what_it_is_for_and_explains_it(stem: str, kind: str):
    found = [finding for finding in check(Question(stem, ("One", "Two"), "older")) if finding.kind == kind]
    assert len(found) >= 1
    assert all(finding.why.endswith(".") and finding.hint.endswith(".") for finding in found)


def test_a_neutral_question_has_no_findings():
    assert check(Question("Where do you sit at lunch?", ("At the edge", "In the middle"), "young")) == ()


def test_ends_of_unlike_weight_are_found():
    assert kinds("How do you join in?", "Smart", "Lazy") == ["loaded", "loaded", "unbalanced"]
    assert kinds("How do you join in?", "From the edge", "From the middle") == []


def test_a_word_that_paints_a_picture_weighs_nothing():
    assert valence("Bright") == 2
    assert valence("Bright", about="What is the sky like?") == 0


def test_one_negative_is_let_be_and_two_are_not():
    assert check_text("Not yet") == ()
    assert [finding.kind for finding in check_text("It is not unlikely")] == ["negatives"]


def test_a_sentence_is_measured_by_itself():
    hard = "You can sit. Considerable deliberation necessarily precedes establishing organisational priorities here."
    assert [finding.text for finding in check_reading(hard, "older")] == [sentences(hard)[1]]
    assert check_reading("You can sit. You can run.", "young") == ()


def test_a_short_sentence_is_judged_by_its_longest_word():
    assert [finding.found for finding in check_reading("Extraordinary!", "older")] == ["extraordinary"]


def own_questions(version: str = LATEST) -> Iterator[tuple[str, Question]]:
    for item in load(version).items.values():
        for band in BANDS:
            options = tuple(option.text for option in item.options[band])
            yield f"{item.id} {band}", Question(item.stem[band], options, band)


def said_to(band: Band) -> list[str]:
    """Give what the dialogues say to pupils of a band, fields filled with a short word, without the bank."""
    bank = {text for version in VERSIONS for _, one in own_questions(version) for text in (one.stem, *one.options)}
    said: set[str] = set(words.text for _, words in COMMANDS)
    for path in FOLDER.glob("*.txt"):
        if f"person: {band}" in path.read_text("utf-8"):
            messages, toasts = said_in(path)
            for phrase in (*toasts, *(phrase for message in messages for phrase in phrases_of(message))):
                said |= {part.text for part in parts_of(phrase)} - bank
    return sorted(re.sub(r"\{\w+\}|/\w+", "it", text) for text in said)


def parts_of(phrase: Phrase) -> Iterator[Phrase]:
    yield phrase
    for _, value in phrase.params:
        if isinstance(value, Phrase):
            yield from parts_of(value)


@pytest.mark.parametrize("question", [pytest.param(one, id=name) for name, one in own_questions()])
def test_our_own_questions_are_neutral_and_readable(question: Question):
    assert check(question) == ()


def test_what_the_first_version_was_replaced_for_are_long_buttons_and_one_hard_sentence():
    found = [finding for _, one in own_questions(FIRST) for finding in check(one)]
    assert {finding.kind for finding in found} == {"button", "reading"}
    assert [finding.text for finding in found if finding.kind == "reading"] == ["Your teacher asks about the weekend."]


@pytest.mark.parametrize("band", BANDS)
def test_our_own_prompts_are_readable(band: Band):
    said = said_to(band)
    assert len(said) > 60
    assert [finding for text in said for finding in check_reading(text, band)] == []


@pytest.mark.parametrize("band", BANDS)
def test_our_own_prompts_do_not_lead_or_take_a_home_for_granted(band: Band):
    found = [finding for text in said_to(band) for finding in check_text(text)]
    # “Still” leads in a question; in “Talk to someone is still here” it says what is so.
    leading = [finding for finding in found if finding.kind == "leading" and "?" in finding.text]
    assert [*leading, *(finding for finding in found if finding.kind in ("home", "negatives"))] == []


def test_long_buttons_are_found_by_words_and_in_a_translation_by_characters():
    assert kinds("Where do you sit?", "On the far edge of the long hall", "In it") == ["button"]
    translated = Question("Ble wyt ti?", ("Wrth y drws", "Gerllaw’r ffenestri mawrion"), "young")
    assert [(one.kind, one.found) for one in check_translation(translated)] == [("button", "27")]


def test_an_option_has_at_most_four_words_and_so_has_a_translated_one():
    four, five = "a b c d", "a b c d e"
    assert kinds("Where do you sit?", "At the far edge", "In it") == []
    assert kinds("Where do you sit?", "On the far edge here", "In it") == ["button"]
    found = [check_translation(Question("Ble?", (words, "Yma"), "older")) for words in (four, five)]
    why = "It has 5 words; 4 fit on a button of a narrow phone."
    assert [[one.why for one in of_it] for of_it in found] == [[], [why]]


def test_two_options_that_say_the_same_are_found_in_every_language():
    assert kinds("Where do you sit?", "In the middle", "in the middle ") == ["alike"]
    assert [one.kind for one in check_translation(Question("Ble?", ("Yma", "Yma"), "older"))] == ["alike"]


def test_a_translation_is_a_question_in_short_sentences_whatever_its_script():
    assert check_translation(Question("أين تجلس؟", ("هنا", "هناك"), "young")) == ()
    long = Question("کیا " * 15 + "؟ " + "تم؟", ("ہاں", "نہیں"), "young")
    assert [one.kind for one in check_translation(long)] == ["two ideas", "sentence"]
    assert [one.kind for one in check_translation(Question("Ble.", ("Yma", "Acw"), "older"))] == ["not asked"]


@pytest.mark.parametrize("language", catalogues.languages())
def test_our_own_questions_keep_in_every_language_to_what_a_schools_are_held_to(language: str):
    def words(phrase: str) -> str:
        return text.render(Phrase(phrase), language, "Europe/London")

    said = [Question(words(one.stem), tuple(map(words, one.options)), one.band) for _, one in own_questions()]
    assert [finding for one in said for finding in check_translation(one)] == []


def test_reading_age_is_five_more_than_textstats_index_without_marks():
    plain = [re.sub(r"[^\w\s]", "", text) for _, one in own_questions() for text in sentences(one.stem)]
    measured = {text: round(textstat.automated_readability_index(text), 6) for text in plain}
    assert {text: round(reading_age(text) - 5, 6) for text in plain} == measured


def test_the_ages_are_those_of_the_two_wordings():
    assert dict(READING_AGES) == {"young": 8, "older": 11}
    assert SHORT_SENTENCE == 6
