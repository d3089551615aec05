"""Updates as Whisper reads them: who, what, and which choice the chat itself still holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.telegram.updates import read_update
from conversations.model import Event
from conversations.whisper_choice import Choice


@dataclass(frozen=True)
class Arrived:
    """One update of a private chat.

    `sent_at` is when the message was first sent; `choice` what the message answered to carries in its buttons; `file`
    the largest photo's id and size, or a picture sent as a file; `code` that it may be a join code.
    """

    update_id: int
    chat: int
    event: Event
    message_id: int | None
    callback_id: str | None
    sent_at: datetime | None
    choice: Choice | None
    file: tuple[str, int] | None
    code: bool


def read_arrived(update: object) -> Arrived | None:
    """Read one update as Telegram sent it; None for what is no event of a private chat."""
    incoming = read_update(update)
    if incoming is None or incoming.event is None or not isinstance(update, Mapping):
        return None
    message = update.get("message") or update.get("edited_message") or {}
    number = incoming.message_id if incoming.callback_id is not None else message.get("message_id")
    date = message.get("date")
    return Arrived(
        incoming.update_id,
        incoming.chat_id,
        incoming.event,
        number if isinstance(number, int) else None,
        incoming.callback_id,
        datetime.fromtimestamp(date, UTC) if isinstance(date, int) else None,
        _choice(message.get("reply_to_message")),
        _file(message),
        incoming.code is not None,
    )


def _choice(answered: object) -> Choice | None:
    """Find the choice in the buttons of a message of ours that this one answers."""
    if not isinstance(answered, Mapping):
        return None
    markup = answered.get("reply_markup")
    rows = markup.get("inline_keyboard") if isinstance(markup, Mapping) else None
    for row in rows if isinstance(rows, list) else []:
        for button in row if isinstance(row, list) else []:
            data = button.get("callback_data") if isinstance(button, Mapping) else None
            if isinstance(data, str) and data.startswith("w:f:"):
                return Choice.read(data.removeprefix("w:f:"))
    return None


def _file(message: Mapping[str, Any]) -> tuple[str, int] | None:
    sizes = message.get("photo")
    document = message.get("document")
    if isinstance(sizes, list) and sizes:
        found = sizes[-1]
    elif isinstance(document, Mapping) and str(document.get("mime_type", "")).startswith("image/"):
        found = document
    else:
        return None
    if not isinstance(found, Mapping) or not isinstance(found.get("file_id"), str):
        return None
    size = found.get("file_size")
    return found["file_id"], size if isinstance(size, int) else 0
