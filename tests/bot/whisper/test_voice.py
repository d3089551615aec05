"""Whisper's answers in Telegram: a wrong receipt and a right one get pages of one size on the wire."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.request import BaseRequest, RequestData

from bot.whisper.voice import BODY_BYTES, TelegramVoice
from conversations.model import Message
from conversations.whisper_choice import Choice, Found
from conversations.whisper_pages import REPLIES_MOST, standing
from store.whisper_sealing import code_of, new_receipt
from tests.conversations.test_whisper import AROUND
from tests.factories import NOW

CHAT = 7_310_459_201


class Wire(BaseRequest):
    """Telegram's end of the line, which notes how long each body is."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *_timeouts: Any,  # noqa: ANN401
        **_more: Any,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        assert request_data is not None
        body = httpx.Request(method, url, data=request_data.json_parameters).content
        self.lengths.append(len(body))
        message = {"message_id": 1, "date": 0, "chat": {"id": CHAT, "type": "private"}}
        return 200, json.dumps({"ok": True, "result": message}).encode()


def page(found: Found | None) -> Message:
    return standing(AROUND, Choice(receipt=code_of(new_receipt())), found)


async def lengths(*pages: Message) -> list[int]:
    wire = Wire()
    voice = TelegramVoice(Bot("1:token", request=wire, get_updates_request=wire), lambda: NOW)
    for one in pages:
        await voice.speak(CHAT, one, "en", "Europe/London", None)
    return wire.lengths


RIGHT = [
    Found("received", "", ()),
    Found("closed", "helped", (("question", "Where?"), ("reply", "Thank you & take care — “soon”."))),
    Found("acting", "", (("reply", "x" * REPLIES_MOST),)),
    Found("acting", "", (("reply", "дякую " * (REPLIES_MOST // 6)),)),
]


@pytest.mark.parametrize("found", RIGHT, ids=["nothing yet", "closed", "long", "long in another script"])
async def test_wrong_and_right_receipt_get_pages_of_one_size_on_the_wire(found: Found):
    wrong, right = await lengths(page(None), page(found))
    assert wrong == right > BODY_BYTES


async def test_pages_without_padding_would_tell_them_apart():
    wire = Wire()
    bot = Bot("1:token", request=wire, get_updates_request=wire)
    for one in (page(None), page(RIGHT[1])):
        await bot.send_message(CHAT, one.paragraphs[0].text)
    assert wire.lengths[0] != wire.lengths[1]
