"""What members can choose and type, and the state Slack reports of it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.slack_elements import chosen, find, initial, is_empty, state_of
from tests.rehearsal.slack_rig import actions, button, field

OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("a", "b")]


@pytest.mark.parametrize(
    ("element", "what", "state"),
    [
        ({"type": "static_select", "options": OPTIONS}, "a", {"selected_option": OPTIONS[0]}),
        ({"type": "static_select", "options": OPTIONS}, {"value": "b"}, {"selected_option": OPTIONS[1]}),
        ({"type": "static_select", "option_groups": [{"options": OPTIONS}]}, "b", {"selected_option": OPTIONS[1]}),
        ({"type": "radio_buttons", "options": OPTIONS}, None, {"selected_option": None}),
        ({"type": "checkboxes", "options": OPTIONS}, ["a", "b"], {"selected_options": OPTIONS}),
        ({"type": "checkboxes", "options": OPTIONS}, None, {"selected_options": []}),
        ({"type": "multi_users_select"}, ["U1"], {"selected_users": ["U1"]}),
        ({"type": "users_select"}, "U1", {"selected_user": "U1"}),
        ({"type": "datepicker"}, "2026-10-25", {"selected_date": "2026-10-25"}),
        ({"type": "plain_text_input"}, "", {"value": None}),
    ],
)
def test_choice_becomes_the_state_slack_reports(element: dict[str, Any], what: object, state: dict[str, Any]):
    assert chosen(element, what) == {"type": element["type"], **state}


@pytest.mark.parametrize(
    ("element", "what", "sentence"),
    [
        ({"type": "static_select", "options": OPTIONS}, "c", "That choice is not on offer there."),
        ({"type": "plain_text_input"}, 7, "Only text can be typed there."),
        ({"type": "plain_text_input", "max_length": 2}, "abc", "That is longer than this field takes."),
        ({"type": "plain_text_input", "min_length": 2}, "a", "That is shorter than this field takes."),
    ],
)
def test_what_a_member_cannot_enter_is_refused(element: dict[str, Any], what: object, sentence: str):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        chosen(element, what)


@pytest.mark.parametrize(
    ("element", "state"),
    [
        ({"type": "static_select", "initial_option": OPTIONS[0]}, {"selected_option": OPTIONS[0]}),
        ({"type": "checkboxes"}, {"selected_options": []}),
        ({"type": "plain_text_input", "initial_value": "x"}, {"value": "x"}),
        ({"type": "datepicker"}, {"selected_date": None}),
    ],
)
def test_untouched_element_has_its_initial_state(element: dict[str, Any], state: dict[str, Any]):
    assert initial(element) == {"type": element["type"], **state}


def test_empty_choices_are_empty():
    assert is_empty(chosen({"type": "checkboxes", "options": OPTIONS}, []))
    assert not is_empty(chosen({"type": "checkboxes", "options": OPTIONS}, "a"))


def test_state_holds_inputs_and_menus_but_no_buttons():
    blocks = [field(), actions(button(), {"type": "users_select", "action_id": "who"})]
    entered = {"note": {"words": {"type": "plain_text_input", "value": "x"}}}
    assert state_of(blocks, entered) == {
        "note": {"words": {"type": "plain_text_input", "value": "x"}},
        "nudge": {"who": {"type": "users_select", "selected_user": None}},
    }


def test_element_is_found_in_its_block_only():
    blocks = [actions(button(), block_id="a"), actions(button(value="n2"), block_id="b")]
    assert find(blocks, "take", "b") == ("b", button(value="n2"))
    assert find(blocks, "take", None) == ("a", button())
    assert find(blocks, "take", "c") is None
