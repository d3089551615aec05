"""Answers to windows that were sent to Slack: in place of what was there, or under what was entered."""

import json
from collections.abc import Sequence
from typing import Any, Final

from slack_bolt.response import BoltResponse

OK: Final = 200
_JSON: Final[dict[str, str | Sequence[str]]] = {"content-type": ["application/json"]}


def replaced(view: dict[str, Any]) -> BoltResponse:
    """Show a view in place of the window that was sent."""
    return _answer({"response_action": "update", "view": view})


def cleared() -> BoltResponse:
    """Close all windows."""
    return _answer({"response_action": "clear"})


def wrong(block: str, words: str) -> BoltResponse:
    """Say under what was entered why it did not work; what was entered stays."""
    return _answer({"response_action": "errors", "errors": {block: words}})


def _answer(body: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=OK, body=json.dumps(body), headers=_JSON)
