"""Photos and documents on their way to a phone, and their download."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator

import pytest
from telegram.error import BadRequest

from rehearsal.telegram_attachments import grey_square
from rehearsal.telegram_files import picture_size
from tests.rehearsal.telegram_rig import ROBIN, Rig, serving


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def test_photo_is_sent_with_its_size_and_caption(rig: Rig):
    sent = await rig.bot.send_photo(ROBIN, grey_square(40), caption="<i>Week</i>", parse_mode="HTML")
    assert (sent.photo[0].width, sent.photo[0].height, sent.caption) == (40, 40, "Week")
    shown = (await rig.messages())[-1]
    assert shown["text"] == "Week"
    async with rig.http.get(f"{rig.base}{shown['photo']['url']}") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", grey_square(40))


async def test_document_is_sent_again_by_its_file_id(rig: Rig):
    sent = await rig.bot.send_document(ROBIN, b"a,b\n", filename="table.csv")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.mime_type, sent.document.file_size) == ("table.csv", "text/csv", 4)
    again = await rig.bot.send_document(ROBIN, sent.document.file_id)
    assert again.document == sent.document
    file = await rig.bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"a,b\n"


@pytest.mark.parametrize(
    ("method", "params", "description"),
    [
        ("sendPhoto", {}, "Bad Request: there is no photo in the request"),
        ("sendVoice", {}, "Bad Request: there is no voice in the request"),
        ("sendDocument", {}, "Bad Request: there is no document in the request"),
        ("sendDocument", {"document": "nothing"}, "Bad Request: wrong file identifier/HTTP URL specified"),
        ("sendDocument", {"document": "https://example.org/a"}, "Bad Request: failed to get HTTP URL content"),
        ("getFile", {}, "Bad Request: file_id not specified"),
        ("getFile", {"file_id": "nothing"}, "Bad Request: invalid file_id"),
    ],
)
async def test_files_are_refused_as_telegram_does(rig: Rig, method: str, params: dict[str, str], description: str):
    assert await rig.refused(method, chat_id=ROBIN, **params) == description


async def test_photo_that_is_no_picture_is_refused(rig: Rig):
    with pytest.raises(BadRequest, match=r"^Image_process_failed$"):
        await rig.bot.send_photo(ROBIN, b"words")


async def test_empty_file_is_refused(rig: Rig):
    with pytest.raises(BadRequest, match=r"^File must be non-empty$"):
        await rig.bot.send_document(ROBIN, b"", filename="a.txt")


async def test_caption_over_1024_characters_is_refused(rig: Rig):
    with pytest.raises(BadRequest, match=r"^Message caption is too long$"):
        await rig.bot.send_photo(ROBIN, grey_square(8), caption="a" * 1025)


async def test_text_of_a_photo_is_not_edited(rig: Rig):
    sent = await rig.bot.send_photo(ROBIN, grey_square(8))
    with pytest.raises(BadRequest, match=r"^There is no text in the message to edit$"):
        await rig.bot.edit_message_text("a", ROBIN, sent.message_id)


async def test_download_of_an_unknown_path_is_not_found(rig: Rig):
    async with rig.http.get(f"{rig.base}/file/bot{rig.bot.token}/documents/file_9.txt") as answer:
        assert (answer.status, (await answer.json())["description"]) == (404, "Not Found")


def test_size_of_a_jpeg_is_read_from_its_frame():
    frame = b"\xff\xe0\x00\x04ab" + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 50)
    assert picture_size(b"\xff\xd8" + frame) == (50, 30)
    assert picture_size(b"\xff\xd8\xff") is None


LAST_PAGE = b"OggS\0\4" + (96_000).to_bytes(8, "little") + bytes(20)
OPUS = b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead" + bytes(40) + LAST_PAGE


@pytest.mark.parametrize(
    ("data", "media_type", "seconds"),
    [
        (OPUS, "audio/ogg", 2),
        (b"ID3\4" + bytes(20), "audio/mpeg", 0),
        (b"\xff\xfb\x90" + bytes(20), "audio/mpeg", 0),
        (b"\0\0\0\x20ftypM4A " + bytes(20), "audio/mp4", 0),
    ],
    ids=["opus", "mp3 with a tag", "mp3", "m4a"],
)
async def test_voice_is_sent_with_its_kind_and_length(rig: Rig, data: bytes, media_type: str, seconds: int):
    sent = await rig.bot.send_voice(ROBIN, data)
    assert sent.voice is not None
    assert (sent.voice.mime_type, sent.voice.duration.total_seconds()) == (media_type, seconds)
    again = await rig.bot.send_voice(ROBIN, sent.voice.file_id)
    assert again.voice == sent.voice


@pytest.mark.parametrize(
    "data", [b"RIFF" + bytes(8) + b"WAVE", b"OggS" + bytes(30) + b"\1vorbis", b"words"], ids=["wav", "vorbis", "words"]
)
async def test_voice_that_telegram_would_not_play_is_refused(rig: Rig, data: bytes):
    with pytest.raises(BadRequest, match=r"^Voice_format_invalid$"):
        await rig.bot.send_voice(ROBIN, data)


async def test_voice_of_more_than_a_megabyte_and_a_photo_as_voice_are_refused(rig: Rig):
    with pytest.raises(BadRequest, match="too big for a voice message"):
        await rig.bot.send_voice(ROBIN, OPUS + bytes(1024 * 1024))
    photo = await rig.bot.send_photo(ROBIN, grey_square(40))
    with pytest.raises(BadRequest, match="Can't use file of type photo as voicenote"):
        await rig.bot.send_voice(ROBIN, photo.photo[0].file_id)
