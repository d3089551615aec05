"""Words of danger: found in disguise, not found inside other words, and never a reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import text
from conversations.bank import BANDS, LATEST, load
from conversations.danger_drafts import DRAFTS
from conversations.danger_words import sounds_like_danger, sounds_urgent
from conversations.model import Phrase


@pytest.mark.parametrize(
    "text",
    [
        "i want to kill myself",
        "I WANT TO KILL MYSELF!!!",
        "kill my self",
        "killmyself",
        "kilmyself",
        "killlll myselfff",
        "k1ll mys3lf",
        "k i l l  m y s e l f",
        "k.i.l.l m.y.s.e.l.f",
        "ki\u200bll my\u00adself",
        "kíll mysélf",
        "ｋｉｌｌ ｍｙｓｅｌｆ",
        "kms",
        "thinking of suicide",
        "feeling suicidal",
        "su1c1de",
        "sucide",
        "i don't want to be alive",
        "i don’t want to live",
        "I dont wanna be here anymore",
        "better off without me",
        "I have been self-harming",
        "selfharm",
        "i cut myself last night",
        "he hits me when mum is out",
        "my friend says she wants to die",
        "he said he is going to kill himself tonight",
        "she keeps cutting herself",
        "my stepdad is hurting me",
        "he keeps touching me",
        "i was raped",
        "I am scared to go home",
        "it's not safe at home",
        "i'm not safe",
        "please call the police",
        "ring 999",
        "he has a knife in his bag",
        "everyone says kys",
        "hello " * 500 + "i want to die",
    ],
)
def test_words_of_danger_are_found(text: str):
    assert sounds_like_danger(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "no thanks",
        "this homework is killing me",
        "I saw a killer whale",
        "grapes and a drape and a skyscraper",
        "my therapist is nice",
        "the stables were full",
        "we ran 5 kms today",
        "dying to see the film",
        "the game was dead good",
        "I cut my hair",
        "my skills are getting better",
        "can't go on the trip",
        "999 bottles",
        "we won the match on saturday 🎉",
        "מה שלומך",
        "كيف حالك",
        "\u200b\u200d\ufeff",
    ],
)
def test_everyday_words_are_not_found(text: str):
    assert sounds_like_danger(text) is False


@given(st.text(st.characters()))
def test_any_text_is_answered(text: str):
    assert sounds_like_danger(text) in (True, False)


@given(st.text(st.characters(categories=("Zs", "Po", "Cf"))), st.text(st.characters(categories=("Zs", "So"))))
def test_marks_around_the_words_do_not_hide_them(before: str, after: str):
    assert sounds_like_danger(f"{before} i want to die {after}") is True


# --- the written list -------------------------------------------------------------------------------------------------

DATA = Path(__file__).parent / "data"


def sentences(name: str) -> list[str]:
    return DATA.joinpath(f"{name}.txt").read_text("utf-8").splitlines()


def test_what_the_list_catches_and_misses_of_three_hundred_sentences(capsys: pytest.CaptureFixture[str]):
    danger, harmless = sentences("danger"), sentences("harmless")
    assert len(danger) == len(set(danger)) == len(harmless) == len(set(harmless)) == 150
    missed = [sentence for sentence in danger if not sounds_like_danger(sentence)]
    alarmed = [sentence for sentence in harmless if sounds_like_danger(sentence)]
    with capsys.disabled():
        print(f"\ndanger words: {150 - len(missed)} of 150 found, {len(alarmed)} of 150 harmless ones found too")
        print("".join(f"  missed: {sentence}\n" for sentence in missed), end="")
        print("".join(f"  alarmed by: {sentence}\n" for sentence in alarmed), end="")
    # A list of words cannot know these; a change to either number is to be looked at.
    assert (len(missed), len(alarmed)) == (16, 12)


def test_words_of_danger_are_found_in_welsh_and_everyday_ones_are_not():
    assert [words for words in sentences("danger_cy") if not sounds_like_danger(words)] == []
    assert [words for words in sentences("harmless_cy") if sounds_like_danger(words)] == []


# --- drafts of other languages, for whispers alone --------------------------------------------------------------------


def test_every_draft_is_tried():
    tried = {kind: {path.stem[-2:] for path in DATA.glob(f"{kind}_*.txt")} for kind in ("danger", "harmless")}
    assert {"cy", *DRAFTS} == tried["danger"] == tried["harmless"]


@pytest.mark.parametrize("language", sorted(DRAFTS))
def test_draft_of_a_language_makes_a_whisper_urgent_and_names_nobody_outside_one(language: str):
    assert [words for words in sentences(f"danger_{language}") if not sounds_urgent(words)] == []
    assert [words for words in sentences(f"harmless_{language}") if sounds_urgent(words)] == []
    assert [words for words in sentences(f"danger_{language}") if sounds_like_danger(words)] == []


@pytest.mark.parametrize("language", sorted(DRAFTS))
def test_no_question_of_ours_holds_a_word_of_danger_in_any_language(language: str):
    items = load(LATEST).items.values()
    phrases = [
        words for item in items for band in BANDS for words in (item.stem[band], *(o.text for o in item.options[band]))
    ]
    said = [text.render(Phrase(words), language, "UTC") for words in phrases]
    assert [words for words in said if sounds_urgent(words)] == []


def test_drafts_alarm_at_no_english_sentence_that_is_harmless():
    harmless = sentences("harmless")
    assert [words for words in harmless if sounds_urgent(words) != sounds_like_danger(words)] == []


@given(st.text(st.characters()))
def test_any_text_is_urgent_or_not(text: str):
    assert sounds_urgent(text) in (True, False)
