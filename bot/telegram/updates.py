"""Telegram's updates, read: which of them mean something to a conversation, and what."""

import re
from collections.abc import Mapping
from typing import Any

from bot.runner import Incoming
from conversations.danger_words import sounds_like_danger
from conversations.model import Attachment, Command, Edited, Event, Tap, Text
from store.invites import normal

_KINDS = (
    *("animation", "audio", "checklist", "contact", "dice", "document", "game", "location", "paid_media", "photo"),
    *("poll", "sticker", "story", "venue", "video", "video_note", "voice"),
)
# Two fours with a dash are meant as a code, also with a letter that no code has.
_CODE_SHAPE = re.compile(r"[A-Za-z0-9]{4}[-–—][A-Za-z0-9]{4}")
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
        return Incoming(number, _id(message["chat"]["id"]), event, code=code, language=_language(message))
    if "edited_message" in update:
        message = update["edited_message"]
        if not _private(message):
            return None
        # A live location changes by itself, every few seconds.
        event = None if "location" in message else Edited(_words(message))
        return Incoming(number, _id(message["chat"]["id"]), event, language=_language(message))
    if "callback_query" in update:
        query = update["callback_query"]
        sender, message = _id(query["from"]["id"]), query.get("message") or {}
        own = bool(message) and _private(message) and message["chat"]["id"] == sender
        return Incoming(
            number,
            sender,
            Tap(str(query.get("data", ""))),
            # A button from elsewhere (a group, another person's chat), or too old to be named, is not edited.
            message_id=_id(message["message_id"]) if own else None,
            callback_id=str(query["id"]),
            language=_language(query),
        )
    if "my_chat_member" in update:
        change = update["my_chat_member"]
        if not _private(change):
            return None
        reachable = change["new_chat_member"]["status"] not in ("kicked", "left")
        return Incoming(number, _id(change["chat"]["id"]), None, reachable=reachable)
    return None


def _message(message: Mapping[str, Any]) -> tuple[Event | None, str | None]:
    words = message.get("text")
    if isinstance(words, str):
        # Before all else: a command or a code says what is wanted, words of danger something more pressing.
        if sounds_like_danger(words):
            return Text(words), None
        command = _COMMAND.fullmatch(words.strip())
        if command:
            name, argument = command[1].lower(), (command[2] or "").strip()
            if name == "start" and argument:
                return Command("start"), argument[:64]
            return Command(name), None
        return Text(words), words if normal(words) or _CODE_SHAPE.fullmatch(words.strip()) else None
    for kind in _KINDS:
        if kind in message:
            return Attachment(kind, _words(message)), None
    # Service messages (pinned, auto-delete timer, …) ask for no answer.
    return None, None


def _words(message: Mapping[str, Any]) -> str:
    """What a person typed, be it the message itself or the line under a picture; "" for none."""
    words = message.get("text") or message.get("caption")
    return words if isinstance(words, str) else ""


def _id(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("an id is a whole number")
    return value


def _private(holder: Mapping[str, Any]) -> bool:
    return bool(holder["chat"]["type"] == "private")


def _language(holder: Mapping[str, Any]) -> str | None:
    code = (holder.get("from") or {}).get("language_code")
    return code if isinstance(code, str) else None
