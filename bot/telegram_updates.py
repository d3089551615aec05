"""Telegram's updates, read: which of them mean something to a conversation, and what."""

import re
from collections.abc import Mapping
from typing import Any

from bot.runner import Incoming
from conversations.model import Attachment, Command, Edited, Event, Tap, Text
from store.invites import normal

_KINDS = (
    *("animation", "audio", "contact", "dice", "document", "game", "location", "paid_media", "photo", "poll"),
    *("sticker", "story", "venue", "video", "video_note", "voice"),
)
_COMMAND = re.compile(r"/([a-zA-Z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


def read_update(update: object) -> Incoming | None:
    """Read one update as Telegram sent it (a JSON object); None for what is not ours to answer.

    Only private chats are answered: a pupil's words belong nowhere else. Anything malformed or unknown is None, never
    an error, so that one odd update cannot hold up those behind it.
    """
    if not isinstance(update, Mapping) or not isinstance(update.get("update_id"), int):
        return None
    try:
        return _read(update)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _read(update: Mapping[str, Any]) -> Incoming | None:
    number = update["update_id"]
    if "message" in update:
        message = update["message"]
        if not _private(message):
            return None
        event, code = _message(message)
        return Incoming(number, message["chat"]["id"], event, code=code, language=_language(message))
    if "edited_message" in update:
        message = update["edited_message"]
        return (
            Incoming(number, message["chat"]["id"], Edited(), language=_language(message))
            if _private(message)
            else None
        )
    if "callback_query" in update:
        query = update["callback_query"]
        message = query.get("message") or {}
        private = bool(message) and _private(message)
        return Incoming(
            number,
            query["from"]["id"],
            Tap(str(query.get("data", ""))),
            # A button on a message in a group, or too old to be named, cannot be edited.
            message_id=message["message_id"] if private else None,
            callback_id=str(query["id"]),
            language=_language(query),
        )
    if "my_chat_member" in update:
        change = update["my_chat_member"]
        if not _private(change):
            return None
        reachable = change["new_chat_member"]["status"] not in ("kicked", "left")
        return Incoming(number, change["chat"]["id"], None, reachable=reachable)
    return None


def _message(message: Mapping[str, Any]) -> tuple[Event | None, str | None]:
    words = message.get("text")
    if isinstance(words, str):
        command = _COMMAND.fullmatch(words.strip())
        if command:
            name, argument = command[1].lower(), (command[2] or "").strip()
            if name == "start" and argument:
                return Command("start"), argument[:64]
            return Command(name), None
        return Text(words), words if normal(words) else None
    for kind in _KINDS:
        if kind in message:
            return Attachment(kind), None
    # Service messages (pinned, auto-delete timer, …) ask for no answer.
    return None, None


def _private(holder: Mapping[str, Any]) -> bool:
    return bool(holder["chat"]["type"] == "private")


def _language(holder: Mapping[str, Any]) -> str | None:
    code = (holder.get("from") or {}).get("language_code")
    return code if isinstance(code, str) else None
