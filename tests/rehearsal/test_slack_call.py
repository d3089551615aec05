"""Calls of the stand-in Slack that cannot be read, and lists in pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.slack_rig import error_of, slack

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"


async def test_bodies_that_cannot_be_read_are_refused():
    table = [
        ("application/json", b"{", "invalid_json"),
        ("application/json", b"[" * 100_000, "invalid_json"),
        ("application/json", b'{"text":"\xff"}', "invalid_json"),
        ("application/json", b"[]", "json_not_object"),
        ("application/json; charset=klingon", b"{}", "invalid_charset"),
        (f"{FORM}; charset=klingon", b"text=x", "invalid_charset"),
        (FORM, b"text=\xff", "invalid_form_data"),
        ("multipart/form-data", b"words", "invalid_form_data"),
        (PARTS, b"words", "invalid_form_data"),
        (PARTS, b"--x\r\nwords\r\n\r\nx\r\n--x--", "invalid_form_data"),
        ("text/xml", b"<a/>", "invalid_post_type"),
        (None, b"text=x", "missing_post_type"),
    ]
    told = []
    async with slack() as rig:
        for kind, body, _ in table:
            headers = {"Authorization": "Bearer xoxb-rehearsal"} | ({"Content-Type": kind} if kind else {})
            skipped = () if kind else ("Content-Type",)
            async with rig.session.post(
                f"{rig.base}/api/chat.postMessage", data=body, headers=headers, skip_auto_headers=skipped
            ) as answer:
                assert answer.status == 200
                told.append((kind, body, (await answer.json())["error"]))
    assert told == table


async def test_form_in_latin_letters_is_read():
    async with slack() as rig:
        headers = {"Authorization": "Bearer xoxb-rehearsal", "Content-Type": f"{FORM}; charset=iso-8859-1"}
        data = "channel=U0HART&text=café".encode("latin-1")
        async with rig.session.post(f"{rig.base}/api/chat.postMessage", data=data, headers=headers) as answer:
            assert (await answer.json())["message"]["text"] == "café"


async def test_structure_left_empty_in_a_form_is_none():
    async with slack() as rig:
        data = {"channel": "U0HART", "text": "x", "blocks": "", "metadata": ""}
        told = await rig.client.api_call("chat.postMessage", data=data)
    assert "blocks" not in told["message"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": "many"}, "invalid_limit"),
        ({"limit": 0}, "invalid_limit"),
        ({"limit": 1001}, "invalid_limit"),
        ({"limit": 1.5}, "invalid_limit"),
        ({"limit": True}, "invalid_limit"),
        ({"limit": "²"}, "invalid_limit"),
        ({"limit": "9" * 5000}, "invalid_limit"),
        ({"cursor": "on"}, "invalid_cursor"),
        ({"cursor": "from:"}, "invalid_cursor"),
        ({"cursor": "from:²"}, "invalid_cursor"),
    ],
)
async def test_pages_that_are_none_are_refused(arguments: dict[str, Any], error: str):
    async with slack() as rig:
        assert await error_of(rig.client.api_call("users.list", json=arguments)) == error


@pytest.mark.parametrize("name", ["oldest", "latest"])
async def test_bounds_that_are_no_time_are_refused(name: str):
    async with slack() as rig:
        channel = (await rig.client.conversations_open(users="U0HART"))["channel"]["id"]
        for bound in ("x", "1.2.3", "²", "9" * 5000):
            arguments = {"channel": channel, name: bound}
            assert await error_of(rig.client.api_call("conversations.history", json=arguments)) == f"invalid_ts_{name}"
