"""The app manifest asks for what the code uses, no more and no less."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from bot.slack.client import METHOD_SCOPES
from bot.slack.desk import DECISIONS, SUBMISSIONS
from bot.slack.edge import COMMAND, EVENTS
from bot.slack.typed import ANSWERS
from bot.whisper.views import SHORTCUT
from conversations.cards import ACTIONS
from conversations.staff_commands import COMMANDS
from rehearsal.slack_methods import METHODS

ROOT = Path(__file__).resolve().parents[3]
MANIFEST: dict[str, Any] = json.loads((ROOT / "docs" / "slack-manifest.json").read_text("utf-8"))
SOURCES = {
    f"{folder}.{path.stem}": ast.parse(path.read_text("utf-8"))
    for folder in ("slack", "whisper")
    for path in (ROOT / "bot" / folder).glob("*.py")
}
# An upload is three calls of the library's own.
BY_THE_LIBRARY = {"files.getUploadURLExternal", "files.completeUploadExternal"}
UPLOADS = {"files_upload_v2"}


def called_methods() -> set[str]:
    """Find every Web API method that the Slack side calls, as attributes of something named client."""
    snake = {method.replace(".", "_"): method for method in METHODS}
    found = set()
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                held = (
                    owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
                )
                if held.endswith("client"):
                    # An unknown name is kept as it is, so that the comparison below fails on it.
                    found.add(snake.get(node.func.attr, node.func.attr))
    return found


def test_table_of_methods_is_what_the_code_calls():
    assert (called_methods() - UPLOADS) | BY_THE_LIBRARY == set(METHOD_SCOPES)


def test_scopes_are_those_of_the_methods_called():
    asked = MANIFEST["oauth_config"]["scopes"]
    # A shortcut needs the scope "commands", which no method does.
    assert asked == {"bot": sorted({"commands", *(scope for scope in METHOD_SCOPES.values() if scope)})}


def test_table_of_scopes_agrees_with_what_the_stand_in_demands():
    for method, scope in METHOD_SCOPES.items():
        # The scope to read a conversation depends on its kind, so the stand-in's table holds none for it.
        if method != "conversations.history":
            assert (scope or "") == METHODS[method].scope, method


def listeners(kind: str) -> list[str]:
    """List the first arguments of `self._app.<kind>(…)` in the edge, as they are written."""
    return [
        ast.unparse(node.args[0])
        for node in ast.walk(SOURCES["slack.edge"])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == kind
        and ast.unparse(node.func.value) == "self._app"
    ]


def test_events_are_those_listened_to():
    assert MANIFEST["settings"]["event_subscriptions"] == {"bot_events": list(EVENTS)}
    assert listeners("event") == ["EVENTS[0]"]
    assert len(EVENTS) == 1


def test_actions_listened_to_are_those_on_the_cards():
    # One listener takes every action; the table of decisions says which there are.
    assert listeners("action") == ["re.compile('')"]
    assert set(DECISIONS) == set(ACTIONS)
    assert MANIFEST["settings"]["interactivity"] == {"is_enabled": True}


def test_nothing_is_listened_to_that_the_manifest_does_not_offer():
    for kind in ("shortcut", "message", "options", "step", "function"):
        assert listeners(kind) == [], kind
    assert set(MANIFEST["features"]) == {"app_home", "bot_user", "shortcuts", "slash_commands"}


def test_command_offered_is_the_one_listened_to_and_its_hint_names_words_that_are_known():
    (offered,) = MANIFEST["features"]["slash_commands"]
    assert (offered["command"], listeners("command")) == (COMMAND, ["COMMAND"])
    assert {hint.split()[0] for hint in offered["usage_hint"].split(" | ")} <= set(ANSWERS)
    assert set(COMMANDS) == set(ANSWERS)
    assert len(offered["description"]) <= 2000


def test_windows_listened_to_are_those_that_are_opened():
    assert listeners("view") == ["re.compile('^desk_')"]
    assert all(name.startswith("desk_") for name in SUBMISSIONS)


def test_shortcut_offered_is_the_one_whisper_listens_to():
    assert [(one["type"], one["callback_id"]) for one in MANIFEST["features"]["shortcuts"]] == [("global", SHORTCUT)]


def test_socket_mode_and_home_are_on_and_the_messages_tab_is_for_reading():
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": True,
    }


def test_names_fit_what_slack_takes():
    shown = MANIFEST["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
