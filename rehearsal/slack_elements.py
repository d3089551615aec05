"""What a member can do with the elements of a message or view, and the state Slack reports of it."""

from __future__ import annotations

from typing import Any

from rehearsal.slack_blocks import TYPED_IN, choices, elements_of

Element = dict[str, Any]

# Which field of an element's state holds what the member chose, by the element's type.
CHOSEN: dict[str, str] = {
    "button": "value",
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    **dict.fromkeys(TYPED_IN, "value"),
}
STATELESS = frozenset({"button", "overflow"})


def find(blocks: list[dict[str, Any]], action_id: str, block_id: str | None) -> tuple[str, Element] | None:
    """Find an element and the id of its block; without `block_id` the first with that action_id."""
    for block in blocks:
        for _, element in elements_of(block):
            if element.get("action_id") == action_id and block_id in (None, block.get("block_id")):
                return str(block["block_id"]), element
    return None


def chosen(element: Element, what: object) -> dict[str, Any]:
    """Say what an element's state is once a member has chosen; options are given by their values.

    Raises ValueError when the element has no such option or the member could not have entered that.
    """
    kind = element["type"]
    name = CHOSEN[kind]
    if name == "selected_option":
        return {"type": kind, name: _option(element, what) if what not in (None, "") else None}
    if name == "selected_options":
        return {"type": kind, name: [_option(element, each) for each in _list(what)]}
    if kind == "multi_users_select":
        return {"type": kind, name: _list(what)}
    if kind in TYPED_IN:
        return {"type": kind, name: _words(element, what)}
    return {"type": kind, name: what}


def _list(what: object) -> list[object]:
    if what is None:
        return []
    return what if isinstance(what, list) else [what]


def _option(element: Element, what: object) -> dict[str, Any]:
    value = what.get("value") if isinstance(what, dict) else what
    for option in choices(element):
        if option["value"] == value:
            return option
    raise ValueError("That choice is not on offer there.")


def _words(element: Element, what: object) -> str | None:
    if what in (None, ""):
        return None
    if not isinstance(what, str):
        raise ValueError("Only text can be typed there.")
    if len(what) > element.get("max_length", 3000):
        raise ValueError("That is longer than this field takes.")
    if len(what) < element.get("min_length", 0):
        raise ValueError("That is shorter than this field takes.")
    return what


def initial(element: Element) -> dict[str, Any]:
    """Say what an element's state is before the member has touched it."""
    name = CHOSEN[element["type"]]
    first = element.get(name.replace("selected", "initial"))
    if name == "value":
        first = element.get("initial_value")
    return {"type": element["type"], name: first if first is not None or not name.endswith("s") else []}


def is_empty(state: dict[str, Any]) -> bool:
    return state[CHOSEN[state["type"]]] in (None, "", [])


def state_of(blocks: list[dict[str, Any]], entered: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the state of all that holds state, by block_id and action_id, with what was entered so far."""
    state: dict[str, dict[str, Any]] = {}
    for block in blocks:
        for _, element in elements_of(block):
            if element["type"] not in STATELESS:
                known = entered.get(block["block_id"], {}).get(element["action_id"])
                state.setdefault(block["block_id"], {})[element["action_id"]] = known or initial(element)
    return state
