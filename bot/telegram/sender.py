"""Sending to Telegram: a letter rendered in the reader's language, and what each refusal means."""

import asyncio
import html
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

# The library's own switch to timedeltas, so that it does not warn at each 429; it is read when the error is made.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot import own_rights, reading_aloud, text
from bot.ends import Refused, Result, Sent, TryAgain
from bot.worker import Worker
from conversations import model
from conversations.flows.mine import Sheet
from store import outbox
from store.outbox import Letter
from store.sealing import Sealer

log = structlog.get_logger()

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_GONE = ("chat not found", "user is deactivated", "bot can't initiate conversation", "peer_id_invalid")


def pause_of(error: RetryAfter) -> float:
    """Say how long the network wants us to wait, in seconds."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


class TelegramSender:
    """Sends the Telegram network's letters."""

    def __init__(self, bot: Bot, worker: Worker, sealer: Sealer, clock: Callable[[], datetime], data: Path) -> None:
        self._bot, self._worker, self._sealer, self._clock = bot, worker, sealer, clock
        self._spoken = data / "spoken"

    def chat_of(self, letter: Letter) -> str:
        """Name the chat for the pace."""
        return str(letter.payload["chat"])

    def shows_twice(self, letter: Letter) -> bool:
        """Say whether a letter that is sent twice is seen twice: Telegram changes or deletes a message only once."""
        return letter.method not in ("edit", "delete")

    async def send(self, letter: Letter) -> Result:
        """Send or edit one message; every failure the network can make is a result, never an exception."""
        try:
            return await self._send(letter)
        except RetryAfter as error:
            return TryAgain("429", pause_of(error))
        except Forbidden:
            return Refused("the bot is blocked", unreachable=True)
        except BadRequest as error:
            return _bad_request(error)
        except InvalidToken:
            return TryAgain("Telegram refuses the bot's token")
        except (TimedOut, NetworkError) as error:
            return TryAgain(type(error).__name__)
        except TelegramError as error:
            return TryAgain(type(error).__name__)

    async def _send(self, letter: Letter) -> Result:
        if letter.method == "picture":
            return await self._send_picture(letter.payload)
        if letter.method == "document":
            return await self._send_copy(letter.payload)
        if letter.method == "voice":
            return await self._send_voice(letter.payload)
        payload = letter.payload
        if letter.method == "delete":
            await self._bot.delete_message(payload["chat"], payload["message_id"])
            return Sent()
        message = model.Message.from_json(payload["message"])
        words, keyboard = rendered(message, payload["language"], payload["zone"], self._clock())
        if letter.method == "send":
            sent = await self._bot.send_message(
                payload["chat"], words, parse_mode="HTML", reply_markup=keyboard, link_preview_options=_NO_PREVIEW
            )
            return Sent({"chat": payload["chat"], "message_id": sent.message_id})
        message_id = payload.get("message_id") or await self._posted(letter)
        if message_id is None:
            waits = letter.attempts < 5 or await self._is_on_its_way(letter)
            return TryAgain("not sent yet") if waits else Refused("there is no message to edit")
        await self._bot.edit_message_text(
            words,
            payload["chat"],
            message_id,
            parse_mode="HTML",
            reply_markup=keyboard,
            link_preview_options=_NO_PREVIEW,
        )
        # An edit leaves its slot where it is: meanwhile the slot may have moved to a newer message.
        return Sent()

    async def _send_picture(self, payload: dict[str, Any]) -> Result:
        """Draw and send a pupil's own check-ins; with nothing to draw with, the words that follow are enough."""
        # Here, for it brings Pillow: the service starts without what is needed now and then.
        from bot import picture

        sheets = [Sheet.from_json(sheet) for sheet in payload["sheets"]]
        try:
            # Drawing may take half a second; other letters go on meanwhile.
            png = await asyncio.to_thread(picture.drawn, sheets, payload["language"], payload["zone"], payload["band"])
        except picture.NoFont:
            return Sent()
        caption = text.render(model.say("My check-ins"), payload["language"], payload["zone"])
        sent = await self._bot.send_photo(payload["chat"], png, caption=caption)
        return Sent({"chat": payload["chat"], "message_id": sent.message_id})

    async def _send_copy(self, payload: dict[str, Any]) -> Result:
        """Make a pupil's own copy and send it as a file; it is made only now, so that it lies nowhere else."""
        pupil_id, now = UUID(payload["pupil"]), self._clock()
        page = await self._worker.run(lambda session: own_rights.copy_of(session, self._sealer, pupil_id, now))
        if page is None:
            return Refused("the pupil is not here any more")
        sent = await self._bot.send_document(payload["chat"], page, filename="copy.html")
        return Sent({"chat": payload["chat"], "message_id": sent.message_id})

    async def _send_voice(self, payload: dict[str, Any]) -> Result:
        """Speak and send lines; if they cannot be spoken, say so, for somebody is waiting to hear them."""
        spoken, zone = payload["spoken"], payload["zone"]
        lines = [text.render(model.Phrase.from_json(line), spoken, zone) for line in payload["lines"]]
        try:
            voice = await asyncio.to_thread(reading_aloud.spoken, self._spoken, lines, spoken)
        except reading_aloud.NoSpeech as error:
            log.error("nothing could be read aloud", error=str(error))
            sorry = text.render(model.say("I cannot read it aloud right now."), payload["language"], zone)
            sent = await self._bot.send_message(payload["chat"], sorry)
        else:
            sent = await self._bot.send_voice(payload["chat"], voice, filename="question.ogg")
        return Sent({"chat": payload["chat"], "message_id": sent.message_id})

    async def _is_on_its_way(self, letter: Letter) -> bool:
        slot = letter.slot
        return slot is not None and await self._worker.run(lambda session: outbox.is_on_its_way(session, slot, "send"))

    async def _posted(self, letter: Letter) -> Any:  # noqa: ANN401 (JSON)
        slot = letter.slot
        if slot is None:
            return None
        ref = await self._worker.run(lambda session: outbox.posted_ref(session, self._sealer, slot))
        return ref["message_id"] if ref and ref["chat"] == letter.payload["chat"] else None


def rendered(
    message: model.Message, language: str, zone: str, now: datetime
) -> tuple[str, InlineKeyboardMarkup | None]:
    """Render a message as Telegram's HTML and keyboard."""

    def words(phrase: model.Phrase) -> str:
        return html.escape(text.render(phrase, language, zone, now), quote=False)

    paragraphs = [f"<b>{words(message.title)}</b>"] if message.title else []
    paragraphs += [words(phrase) for phrase in message.paragraphs]
    rows = [
        [
            InlineKeyboardButton(
                " ".join(filter(None, (button.picture, text.render(button.label, language, zone, now)))),
                callback_data=button.data,
            )
            for button in row
        ]
        for row in message.rows
    ]
    return "\n\n".join(paragraphs), InlineKeyboardMarkup(rows) if rows else None


def _bad_request(error: BadRequest) -> Result:
    reason = error.message.lower()
    if "not modified" in reason:
        return Sent()
    if any(gone in reason for gone in _GONE):
        return Refused("the chat cannot be reached", unreachable=True)
    if "message to delete not found" in reason or "can't be deleted" in reason:
        return Refused("the message can no longer be deleted")
    if "message to edit not found" in reason or "can't be edited" in reason:
        return Refused("the message is gone")
    return Refused("Telegram refuses the message")
