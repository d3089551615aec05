"""Telegram's updates, read: which of them mean something to a conversation, and what."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.runner import Incoming
from conversations.danger_words import sounds_like_danger
from conversations.model import Attachment, Command, Edited, Event, Tap, Text
from store.invites import normal, tidied

_KINDS = (
    *("animation", "audio", "checklist", "contact", "dice", "document", "game", "location", "paid_media", "photo"),
    *("poll", "sticker", "story", "venue", "video", "video_note", "voice"),
)
# What a person wrote that is neither a message's text nor a line under a picture, and where its words are.
_WRITTEN = ("rich_message", "poll", "checklist")
_LINES = ("question", "description", "title", "summary", "text", "caption", "credit", "explanation")
_HOLDERS = ("blocks", "items", "cells", "options", "tasks")
# Two fours with a dash are meant as a code, also with a letter that no code has.
_CODE_SHAPE = re.compile(r"[A-Za-z0-9]{4}-[A-Za-z0-9]{4}")
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
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
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
        own = bool(message) and _private(message) and message["chat"]["id"] == sender and message["message_id"] != 0
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
    if not isinstance(words, str) and "rich_message" in message:
        # Words with headings or lists in them are words: `text` is empty then.
        words = _words(message)
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
        return Text(words), words if normal(words) or _CODE_SHAPE.fullmatch(tidied(words)) else None
    for kind in _KINDS:
        if kind in message:
            return Attachment(kind, _words(message)), None
    # Service messages (pinned, auto-delete timer, …) ask for no answer.
    return None, None


def _words(message: Mapping[str, Any]) -> str:
    """What a person typed, be it the message itself, the line under a picture or a poll; "" for none."""
    words = message.get("text") or message.get("caption")
    if isinstance(words, str):
        return words
    return "\n".join(_typed([message[kind] for kind in _WRITTEN if kind in message]))


def _typed(part: object) -> Iterator[str]:
    """Find the words of a poll, a checklist or a rich message, a line each, in the order they stand there."""
    if isinstance(part, list):
        for one in part:
            yield from _typed(one)
    elif isinstance(part, Mapping):
        for name in _LINES:
            if line := _line(part.get(name)):
                yield line
        for name in _HOLDERS:
            yield from _typed(part.get(name))


def _line(part: object) -> str:
    """Put the runs of a line together (a word of it in bold is one): a phrase must not be torn."""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(_line(one) for one in part)
    return _line(part.get("text", part.get("alternative_text"))) if isinstance(part, Mapping) else ""


def _id(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("an id is a whole number")
    return value


def _private(holder: Mapping[str, Any]) -> bool:
    """Whether it is of the bot's own chat with a person; one between people may carry the same number."""
    between = "business_connection_id" in holder or "guest_query_id" in holder
    return bool(holder["chat"]["type"] == "private") and not between


def _language(holder: Mapping[str, Any]) -> str | None:
    code = (holder.get("from") or {}).get("language_code")
    return code if isinstance(code, str) else None
