"""The suggested actions as they are published: whole, short, safe, neutral, each with a source."""

import re
from collections import Counter
from dataclasses import FrozenInstanceError
from importlib import resources

import pytest

from conversations.actions import (
    LATEST,
    POLAR_REASONS,
    REASONS,
    VERSIONS,
    Action,
    UnknownActionsVersion,
    load,
    safeguarding_note,
)
from conversations.actions.extract import ROOM
from conversations.bank import BANDS, FACTORS
from conversations.model import Band

LIBRARY = load(LATEST)
ACTIONS = tuple(LIBRARY.actions.values())
each_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
FEWEST = 5
"""So many are there for each reason and age: three to show, one that was tried last, one that is under way."""

# Beginnings of words. What a tutor's card must not say of a pupil, and what a tutor must not do.
DIAGNOSIS = """
    depress anxi disorder diagnos symptom adhd autis asperger dyslex dyspra trauma mental illness patholog psych
    therap clinic syndrome medic treat abnormal normal dysfunction phobi bipolar paranoi addict suicid self-harm grief
    attachment vulnerab damaged troubled disturbed needy manipulat lazy naughty aggressi attention-seek victim risky
    at-risk
"""
UNSAFE = """
    hug cuddle tickle lift car alone private secretly whatsapp snapchat instagram facebook email e-mail text texting
    selfie gift present meal bedroom search searching
    confiscate
"""
WATCHING = """
    answers scor flag nudge pattern data dashboard system algorithm result report earshot
"""


def texts(action: Action) -> dict[str, str]:
    return {name: getattr(action, name) for name in ROOM}


def words(text: str) -> list[str]:
    return re.findall(r"[\w’'…–-]+", text.lower())


def beginnings(text: str, listed: str) -> set[str]:
    return {word for word in words(text) if word.startswith(tuple(listed.split()))}


def test_library_is_at_least_64_actions_of_36_sources_all_of_them_used():
    assert len(ACTIONS) >= 64
    assert {action.source.id for action in ACTIONS} == set(LIBRARY.sources)


def test_reasons_are_those_of_the_first_flag_of_the_signals_and_both_ends_of_each_factor():
    assert list(POLAR_REASONS) == [f"{factor}_{end}" for factor in FACTORS for end in ("low", "high")]
    assert set(REASONS) - set(POLAR_REASONS) == {
        *("low_run", "change_low", "change_high", "context_gap", "silence", "rushed")
    }
    assert len(set(REASONS)) == len(REASONS) == 14


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_has_enough_actions_for_each_age(reason: str, band: Band):
    fitting = [action.id for action in ACTIONS if reason in action.reasons and band in action.bands]
    assert len(fitting) >= FEWEST


def test_file_repeats_no_id():
    source = resources.files("conversations.actions").joinpath(f"{LATEST}.toml").read_text("utf-8")
    ids = re.findall(r'^id = "(.+)"$', source, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(ACTIONS) + len(LIBRARY.sources)


@each_action
def test_id_is_safe_in_the_data_of_a_button(action: Action):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", action.id)
    assert len(action.id) <= 24


@each_action
def test_reasons_and_bands_are_known_ones_named_once(action: Action):
    assert action.reasons
    assert action.bands
    assert [reason for reason in action.reasons if reason not in REASONS] == []
    assert action.bands == tuple(band for band in BANDS if band in action.bands)
    assert len(set(action.reasons)) == len(action.reasons)


@each_action
def test_texts_are_there_and_fit_a_card_on_a_phone(action: Action):
    lengths = {name: len(text.split()) for name, text in texts(action).items()}
    assert {name: length for name, length in lengths.items() if not 2 <= length <= ROOM[name]} == {}
    assert len(action.title) <= 60


@each_action
def test_sentences_are_short_enough_to_be_read_standing(action: Action):
    sentences = [sentence for text in texts(action).values() for sentence in re.split(r"[.?!:]\s", text)]
    assert [sentence for sentence in sentences if len(sentence.split()) > 30] == []


@each_action
def test_texts_are_tidy(action: Action):
    for text in texts(action).values():
        assert text == " ".join(text.split())
        assert text[0].isupper()
        assert not re.search(r"['\"“”\\{}<>*_|]", text)
    assert not re.search(r"[.?!…]$", action.title)
    assert all(re.search(r"[.?!…]$", text) for name, text in texts(action).items() if name != "title")


def test_no_text_stands_twice_so_that_each_has_a_translation_of_its_own():
    count = Counter(text.casefold() for action in ACTIONS for text in texts(action).values())
    assert [text for text, times in count.items() if times > 1] == []


@each_action
def test_nothing_is_called_by_the_name_of_an_illness_or_a_fault(action: Action):
    assert {
        name: beginnings(text, DIAGNOSIS) for name, text in texts(action).items() if beginnings(text, DIAGNOSIS)
    } == {}


@each_action
def test_nothing_is_suggested_that_a_tutor_should_not_do(action: Action):
    listed = set(UNSAFE.split())
    assert [word for name in ("title", "do", "say") for word in words(texts(action)[name]) if word in listed] == []


@each_action
def test_what_is_said_does_not_tell_of_answers_or_flags(action: Action):
    assert beginnings(action.say, WATCHING) == set()


@each_action
def test_spelling_is_british(action: Action):
    american = r"\b\w*(?:[^w]ize[ds]?|izing|color|favor|behavior|center|program\b|gray|grade)\w*\b"
    assert re.findall(american, " ".join(texts(action).values()).lower()) == []


@each_action
def test_source_is_cited_in_full(action: Action):
    source = action.source
    assert 1980 <= source.year <= 2026
    assert source.citation == f"{source.author} ({source.year}). {source.title}. {source.where}."
    assert min(len(source.author), len(source.title), len(source.where)) >= 8
    assert not re.search(r"['\"]|  ", source.citation)
    assert str(source.year) in source.id


# What may bring something heavy to light, or is about somebody being led on; the text of `do` says where it goes.
LEADING_TO_SAFEGUARDING = (
    *("say-you-noticed", "good-news-home", "talk-to-a-lead", "a-slip-to-write", "time-and-place", "hear-and-hand-on"),
    *("hear-about-new-people", "a-place-at-break", "draw-the-week", "swap-notes-with-home"),
)


@pytest.mark.parametrize("id", LEADING_TO_SAFEGUARDING)
def test_what_may_bring_something_heavy_to_light_says_to_tell_a_safeguarding_lead(id: str):
    assert LIBRARY.actions[id].do.count("safeguarding lead") == 1


def test_every_list_has_the_way_to_safeguarding_under_it():
    assert safeguarding_note().text == (
        "If anything you see or hear makes you think a pupil may not be safe, tell a safeguarding lead the same day, "
        "in person. Listen, do not question, and never promise to keep it secret."
    )


@each_action
def test_no_sentence_to_be_said_promises_secrecy(action: Action):
    promising = r"secret|won’t tell|nobody will know|between us|just us|promise"
    assert re.findall(promising, f"{action.do} {action.say}".lower().replace("make a small promise", "")) in (
        [],
        # The promise that is kept, and the warning sign.
        ["promise"] if action.id == "small-promise" else ["secret"],
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_loader_gives_the_version_asked_for_and_reads_it_once(version: str):
    assert load(version).version == version
    assert load(version) is load(version)


def test_versions_are_the_files_there_are_and_latest_is_among_them():
    files = {file.name for file in resources.files("conversations.actions").iterdir() if file.name.endswith(".toml")}
    assert files == {f"{version}.toml" for version in VERSIONS}
    assert VERSIONS[-1] == LATEST


@pytest.mark.parametrize("version", ["", "2019-1", "2026-1.toml", "../bank/2026-1", "2026-1\0"])
def test_loader_refuses_an_unknown_version_with_a_sentence_and_a_way_out(version: str):
    with pytest.raises(UnknownActionsVersion) as refused:
        load(version)
    assert refused.value.version == version
    assert str(refused.value) == (
        f"This program has no suggested actions {version!r}; it has 2026-1. "
        "Update Earshot to the release that made this plan, or a later one."
    )


def test_library_once_loaded_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ACTIONS[0].title = "Another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        LIBRARY.actions["hello-by-name"] = ACTIONS[0]  # type: ignore[index]
