"""Bodies that cannot be read, and what is said of them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest

from rehearsal.telegram_wire import MAX_UPLOAD_BYTES
from tests.rehearsal.telegram_rig import ROBIN, Rig, serving

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
NOT_UTF8 = "strings must be encoded in UTF-8"
UNFINISHED = "unexpected end of request content"
CHAT = b'--x\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n%d\r\n--x\r\n' % ROBIN


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def test_bodies_that_cannot_be_read_are_refused_as_the_real_server_does(rig: Rig):
    table = [
        ("application/json", b"[1]", "JSON object expected"),
        ("application/json", b" {", "expected parameter name"),
        ("application/json", b"{a", "can't parse parameter name: Opening '\"' expected"),
        ("application/json", b'{"a', "can't parse parameter name: Closing '\"' not found"),
        ("application/json", b'{"a" 1', "can't parse object, ':' expected"),
        ("application/json", b'{"a":', "can't parse parameter value: Unexpected end"),
        ("application/json", b'{"a":x', "can't parse parameter value: Unexpected symbol 'x'"),
        ("application/json", b'{"a":"b', "can't parse parameter value: Closing '\"' not found"),
        ("application/json", b'{"a":' + b"[" * 100_000, "can't parse parameter value: Unexpected symbol '['"),
        ("application/json", b'{"a":1 "b"', "expected next field or object end"),
        ("application/json", b'{"a":1} {', "unexpected data after object end"),
        ("application/json", b'{"a":"\xff"}', NOT_UTF8),
        ("application/json", b"", "message text is empty"),
        ("application/json", b"{ }", "message text is empty"),
        (FORM, b"text=\xff", NOT_UTF8),
        (FORM, b"text=%ff", NOT_UTF8),
        ("text/plain", b"text=a", "message text is empty"),
        ("multipart/form-data", b"", "boundary not found"),
        (PARTS, b"words", UNFINISHED),
        (PARTS, CHAT.removesuffix(b"\r\n--x\r\n"), UNFINISHED),
        (PARTS, CHAT + b"\r\na\r\n--x--", "field name in multipart/form-data not found"),
        (PARTS, CHAT + b"words\r\n\r\na\r\n--x--", "can't parse form data headers"),
        (PARTS, CHAT + b'Content-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--x--', NOT_UTF8),
        (PARTS, CHAT + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--", "message text is empty"),
    ]
    told = []
    for kind, body, _ in table:
        status, answer = await rig.call("sendMessage", data=body, headers={"Content-Type": kind})
        told.append((kind, body, answer["description"].removeprefix("Bad Request: ")))
        assert answer == {"ok": False, "error_code": 400, "description": answer["description"]}
        assert status == 400
    assert told == table


@pytest.mark.parametrize("kind", [FORM, "application/json"])
async def test_more_than_a_megabyte_of_parameters_is_too_much(rig: Rig, kind: str):
    status, told = await rig.call(
        "sendMessage", data=io.BytesIO(b"{" * ((1 << 20) + 1)), headers={"Content-Type": kind}
    )
    assert (status, told["description"]) == (413, "Request Entity Too Large: too many parameters")


async def test_upload_over_50_mb_is_too_large(rig: Rig):
    body = (
        CHAT
        + b'Content-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
        + bytes(MAX_UPLOAD_BYTES)
        + b"\r\n--x--"
    )
    status, told = await rig.call("sendDocument", data=io.BytesIO(body), headers={"Content-Type": PARTS})
    assert (status, told["description"]) == (413, "Request Entity Too Large")


async def test_json_is_read_with_spaces_and_numbers(rig: Rig):
    body = b'\n{ "chat_id" : %d ,\t"text":"a" }\r\n' % ROBIN
    status, _ = await rig.call("sendMessage", data=body, headers={"Content-Type": "application/json"})
    assert status == 200
