"""Reasons in words: each code has its sentence, numbers with one decimal, and the old rule's flags still read."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.model import Phrase
from conversations.reasons import level_name, reason_phrases, sureness

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
        (
            {},
            "How things are: middle → low against this pupil’s own usual; change 1.4 (0.6 to 2.2); fairly sure; "
            "7 of 8 answered.",
        ),
        (
            {"code": "low", "was": 0.0, "now": -1.4, "lower": -1.9, "upper": -0.9, "chance": 0.99},
            "How things are: very low; 1.4 below the middle of pupils (0.9 to 1.9); sure; 7 of 8 answered.",
        ),
        (
            {"lower": -1.8, "upper": 0.2, "chance": 0.7},
            "How things are: middle → low against this pupil’s own usual; change 1.4 (\u22120.2 to 1.8); not sure; "
            "7 of 8 answered.",
        ),
        (
            {"code": "polar", "series": 2, "now": -1.7, "chance": 0.81},
            "Trust of others: very low, far from the middle; fairly sure.",
        ),
        (
            {"code": "gap", "series": 0, "was": 0.8, "now": -0.9, "chance": 0.7},
            "Telling others about oneself: low in school, high outside; not sure.",
        ),
        (
            {"code": "silence", "series": -1},
            "Answers less often than is usual for this pupil: 7 of the last 8 check-ins.",
        ),
    ],
)
def test_each_reason_is_one_plain_sentence(why: dict[str, Any], sentence: str):
    assert words(**why)[0] == sentence


@pytest.mark.parametrize("caveat", ["few_answers", "quick_answers", "shown_only", "", "unheard of"])
def test_there_is_always_one_caveat_and_never_more(caveat: str):
    phrases = reason_phrases({"reasons": [REASON] * 3, "caveat": caveat})
    assert [filled(phrase).startswith("But: ") for phrase in phrases] == [False, False, False, True]


def test_a_flag_without_a_strong_reason_says_so():
    assert filled(reason_phrases({"reasons": []})[0]) == "Several small things together, none of them strong."


def test_flags_of_the_first_rule_still_read():
    (phrase,) = reason_phrases({"low": 3, "window": 4, "baseline": 20})
    assert filled(phrase).startswith("3 of the last 4 “how are things” answers")


def test_levels_and_sureness_have_words_at_their_edges():
    levels = [level_name(at).text for at in (-2.0, -1.28, -1.27, -0.67, 0.0, 0.67, 0.68, 1.27, 1.28)]
    assert levels == ["very low", "very low", "low", "middle", "middle", "middle", "high", "high", "very high"]
    assert [sureness(at).text for at in (0.0, 0.8, 0.95)] == ["not sure", "fairly sure", "sure"]
