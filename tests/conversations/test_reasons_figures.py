"""Figures behind a nudge: each reason's levels, intervals and counts, the sum, and how to work it out again."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.reasons_figures import figures, figures_card, level_name
from tests.conversations.test_reasons import REASON, filled

FLAG = "f" * 32


def lines(**why: Any) -> list[str]:  # noqa: ANN401
    (part,) = figures({"reasons": [{**REASON, **why}]})
    return [filled(part.title), *map(filled, part.lines)]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (
            {},
            [
                "How things are",
                "Usual for this pupil: middle. Of late: low.",
                "Lower by 1.4 (likely 0.6 to 2.2); 1 is the usual spread among pupils.",
                "Sure to 90 in 100.",
                "7 of the last 8 check-ins answered.",
            ],
        ),
        (
            {"code": "low", "was": 0.0, "now": -1.4, "lower": -1.9, "upper": 0.1, "chance": 1.0},
            [
                "How things are",
                "Of late: very low, against the middle of pupils.",
                "Lower by 1.4 (likely \u22120.1 to 1.9); 1 is the usual spread among pupils.",
                "Sure to 99 in 100.",
                "7 of the last 8 check-ins answered.",
            ],
        ),
        (
            {"code": "polar", "series": 2, "now": -1.7},
            [
                "Trust of others",
                "Of late: very low, far from the middle.",
                "Sure to 90 in 100.",
                "7 of the last 8 check-ins answered.",
            ],
        ),
        (
            {"code": "gap", "series": 0, "was": 0.8, "now": -0.9},
            [
                "Telling others about oneself",
                "In school: low. Outside: high.",
                "Sure to 90 in 100.",
                "7 of the last 8 check-ins answered.",
            ],
        ),
        ({"code": "silence"}, ["Answering", "7 of the last 8 check-ins answered.", "Sure to 90 in 100."]),
        ({"code": "silence", "chance": 0.0}, ["Answering", "7 of the last 8 check-ins answered."]),
    ],
)
def test_each_reason_has_its_figures(why: dict[str, Any], told: list[str]):
    assert lines(**why) == told


def test_the_window_ends_with_the_sum_and_the_command_that_works_it_out_again():
    why = {
        "reasons": [REASON],
        "caveat": "few_answers",
        "signals": [1.0],
        "points": -0.44,
        "enter": -1.0,
        "chance": 0.4,
    }
    card = figures_card(why, FLAG)
    assert [filled(line) for line in card.lines] == ["But: there are few answers so far."]
    assert [filled(line) for line in card.parts[-1].lines] == [
        "\u22120.4 points; the bar was \u22121.0.",
        "Of simulated pupils with so many points, 40 in 100 were at risk or had just changed for the worse.",
    ]
    assert card.note is not None
    assert filled(card.note) == f"To work it out again: earshot flag explain {FLAG}"


def test_flags_of_the_first_rule_show_what_they_counted():
    (part,) = figures_card({"low": 3, "window": 4, "baseline": 20}, FLAG).parts
    assert [filled(line) for line in part.lines] == [
        "3 of the last 4 “how are things” answers were at the low end of this pupil’s own range "
        "(compared with 20 earlier answers)."
    ]


def test_levels_have_words_at_their_edges():
    levels = [level_name(at).text for at in (-2.0, -1.28, -1.27, -0.67, 0.0, 0.67, 0.68, 1.27, 1.28)]
    assert levels == ["very low", "very low", "low", "middle", "middle", "middle", "high", "high", "very high"]
