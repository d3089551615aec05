"""Photos and documents on their way to a phone, and their download."""

from __future__ import annotations

import io
import struct
from collections.abc import AsyncIterator

import aiohttp
import pytest
from telegram.error import BadRequest

from rehearsal.hub import TELEGRAM_TOKEN
from rehearsal.telegram_attachments import grey_square
from rehearsal.telegram_files import picture_size
from tests.rehearsal.telegram_rig import ROBIN, Rig, serving

LAST_PAGE = b"OggS\0\4" + (96_000).to_bytes(8, "little") + bytes(20)
OPUS = b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead" + bytes(40) + LAST_PAGE


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
        ("sendDocument", {"document": "attach://nothing"}, "Bad Request: there is no document in the request"),
        (
            "sendDocument",
            {"document": "nothing"},
            "Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong last symbol",
        ),
        (
            "sendDocument",
            {"document": f"document-9-{'a' * 16}"},
            "Bad Request: wrong file identifier/HTTP URL specified",
        ),
        ("sendDocument", {"document": "https://example.org/a"}, "Bad Request: failed to get HTTP URL content"),
        ("sendPhoto", {"parse_mode": "Runes", "caption": "a", "photo": "a"}, "Bad Request: unsupported parse_mode"),
        ("getFile", {}, "Bad Request: file_id not specified"),
        ("getFile", {"file_id": "nothing"}, "Bad Request: invalid file_id"),
    ],
)
async def test_files_are_refused_as_telegram_does(rig: Rig, method: str, params: dict[str, str], description: str):
    assert await rig.refused(method, chat_id=ROBIN, **params) == description


async def test_file_is_found_where_a_call_says_it_is_attached(rig: Rig):
    form = aiohttp.FormData({"chat_id": str(ROBIN), "document": "attach://table"}, default_to_multipart=True)
    form.add_field("table", b"a,b", filename="table.csv")
    assert (await rig.call("sendDocument", data=form))[1]["result"]["document"]["file_name"] == "table.csv"


async def test_file_is_not_sent_again_as_what_it_is_not(rig: Rig):
    document = (await rig.bot.send_document(ROBIN, b"a,b", filename="a.csv")).document
    voice = (await rig.bot.send_voice(ROBIN, OPUS)).voice
    photo = (await rig.bot.send_photo(ROBIN, grey_square(8))).photo[0]
    assert document is not None
    assert voice is not None
    to = {"chat_id": ROBIN}
    await rig.refuses(
        "sendPhoto",
        [
            ({**to, "photo": document.file_id}, "can't use file of type Document as Photo"),
            ({**to, "photo": voice.file_id}, "can't use file of type VoiceNote as Photo"),
        ],
    )
    await rig.refuses("sendDocument", [({**to, "document": photo.file_id}, "can't use file of type Photo as Document")])
    await rig.refuses(
        "sendVoice",
        [
            ({**to, "voice": photo.file_id}, "can't use file of type Photo as VoiceNote"),
            ({**to, "voice": document.file_id}, "can't use file of type Document as VoiceNote"),
        ],
    )
    assert (await rig.bot.send_photo(ROBIN, photo.file_id)).photo[0] == photo


def picture(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">II", width, height) + b"\x08\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (picture(9_000, 1_001), "PHOTO_INVALID_DIMENSIONS"),
        (picture(1, 21), "PHOTO_INVALID_DIMENSIONS"),
        (picture(0, 21), "IMAGE_PROCESS_FAILED"),
        (b"\xff\xd8" + b"\xff\xe0\x00\x04ab" * 9, "IMAGE_PROCESS_FAILED"),
        (
            picture(9, 9).ljust((10 << 20) + 1, b"\0"),
            "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ],
    ids=["wide", "narrow", "flat", "without a frame", "heavy"],
)
async def test_pictures_that_telegram_does_not_take_are_refused(rig: Rig, data: bytes, description: str):
    form = aiohttp.FormData({"chat_id": str(ROBIN)})
    form.add_field("photo", io.BytesIO(data), filename="a.png")
    status, told = await rig.call("sendPhoto", data=form)
    assert (status, told["description"]) == (400, f"Bad Request: {description}")


async def test_file_over_20_mb_is_taken_and_not_given_back(rig: Rig):
    sent = await rig.bot.send_document(ROBIN, bytes((20 << 20) + 1), filename="a.bin")
    assert sent.document is not None
    assert await rig.refused("getFile", file_id=sent.document.file_id) == "Bad Request: file is too big"


async def test_caption_of_nothing_but_marks_is_none(rig: Rig):
    sent = await rig.bot.send_photo(ROBIN, grey_square(8), caption="<b> </b>", parse_mode="HTML")
    assert sent.caption is None


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


@pytest.mark.parametrize(
    ("token", "status", "said"), [(TELEGRAM_TOKEN, 404, "Not Found"), ("1:a", 401, "Unauthorized")]
)
async def test_download_is_refused_to_others_and_of_what_is_not_there(rig: Rig, token: str, status: int, said: str):
    async with rig.http.get(f"{rig.base}/file/bot{token}/documents/file_9.txt") as answer:
        assert answer.status == status
        assert await answer.json() == {"ok": False, "error_code": status, "description": said}


def test_size_of_a_jpeg_is_read_from_its_frame():
    frame = b"\xff\xe0\x00\x04ab" + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 50)
    assert picture_size(b"\xff\xd8" + frame) == (50, 30)
    assert picture_size(b"\xff\xd8\xff") is None


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


async def test_voice_of_more_than_a_megabyte_is_refused(rig: Rig):
    with pytest.raises(BadRequest, match="too big for a voice message"):
        await rig.bot.send_voice(ROBIN, OPUS + bytes(1024 * 1024))
