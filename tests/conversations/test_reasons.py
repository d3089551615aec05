"""Reasons in words: each code has its sentence, numbers with one decimal, and the old rule's flags still read."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.actions import LATEST, load
from conversations.bank import FACTORS
from conversations.model import Phrase
from conversations.reasons import action_codes, reason_phrases, sureness

REASON = {
    "code": "fallen",
    "series": 4,
    "was": 0.4,
    "now": -1.0,
    "lower": -2.2,
    "upper": -0.6,
    "chance": 0.9,
    "answered": 7,
    "asked": 8,
}


def filled(phrase: Phrase) -> str:
    """The English of a phrase with its fields filled."""
    fields = {name: filled(value) if isinstance(value, Phrase) else value for name, value in phrase.params}
    text = phrase.plural if phrase.plural and phrase.count != 1 else phrase.text
    return text.format(**fields)


def words(**why: Any) -> list[str]:  # noqa: ANN401
    return [filled(phrase) for phrase in reason_phrases({"reasons": [{**REASON, **why}], "caveat": "shown_only"})]


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ({}, "For a while now, things have seemed harder than is usual for this pupil (fairly sure)."),
        ({"code": "low", "chance": 0.99}, "Things have seemed hard for this pupil for a while (very sure)."),
        ({"code": "polar", "series": 2, "was": 0.0, "now": -1.7}, "They seem to lean on nobody else (fairly sure)."),
        (
            {"code": "polar", "series": 3, "was": 0.0, "now": 1.7},
            "They seem to want something new all the time (fairly sure).",
        ),
        (
            {"code": "gap", "series": 0, "was": 0.8, "now": -0.9, "chance": 0.7},
            "They seem to tell much less about themselves in school than outside (could be chance).",
        ),
        ({"code": "silence", "series": -1}, "This pupil answers less often than they used to (fairly sure)."),
    ],
)
def test_each_reason_is_one_plain_sentence(why: dict[str, Any], sentence: str):
    assert words(**why)[0] == sentence


@pytest.mark.parametrize("series", range(len(FACTORS)))
@pytest.mark.parametrize("code", ["polar", "gap"])
def test_each_side_of_each_factor_has_a_sentence_of_its_own_without_figures_and_short(code: str, series: int):
    said = {words(code=code, series=series, was=was, now=-was)[0] for was in (1.5, -1.5)}
    assert len(said) == 2
    for sentence in said:
        assert not set("0123456789→;") & set(sentence)
        assert len(sentence.split()) <= 16


@pytest.mark.parametrize("caveat", ["few_answers", "quick_answers", "shown_only", "", "unheard of"])
def test_there_is_always_one_caveat_and_never_more(caveat: str):
    phrases = reason_phrases({"reasons": [REASON] * 3, "caveat": caveat})
    assert [filled(phrase).startswith("But: ") for phrase in phrases] == [False, False, False, True]


def test_a_flag_without_a_strong_reason_says_so():
    assert filled(reason_phrases({"reasons": []})[0]) == "Several small things together, none of them strong."


def test_flags_of_the_first_rule_still_read():
    (phrase,) = reason_phrases({"low": 3, "window": 4, "baseline": 20})
    assert filled(phrase) == (
        "For a while now, things have seemed harder than is usual for this pupil (could be chance)."
    )


def test_sureness_has_words_at_its_edges():
    assert [sureness(at).text for at in (0.0, 0.8, 0.95)] == ["could be chance", "fairly sure", "very sure"]


def test_actions_are_chosen_by_what_the_reasons_say_and_which_way():
    why = {
        "reasons": [
            {"code": "fallen", "series": 4, "was": 0.5, "now": -1.2},
            {"code": "polar", "series": 0, "was": 0.0, "now": -2.0},
            {"code": "polar", "series": 3, "was": 0.0, "now": 2.0},
            {"code": "gap", "series": 2, "was": 1.0, "now": -1.0},
            {"code": "silence", "series": -1, "was": 0.1, "now": 0.6},
            {"code": "low", "series": 4, "was": 0.0, "now": -1.5},
        ],
        "caveat": "quick_answers",
    }
    codes = ("change_low", "self_disclosure_low", "seeking_change_high", "context_gap", "silence", "low_run", "rushed")
    assert action_codes(why) == codes
    assert set(codes) <= {reason for action in load(LATEST).actions.values() for reason in action.reasons}
