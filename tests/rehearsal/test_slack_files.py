"""Files in the stand-in Slack: their three steps, who may fetch them, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from rehearsal.slack_rules import SCOPES
from tests.rehearsal.slack_rig import DM, Rig, error_of, refusal, slack

TOKEN = {"Authorization": "Bearer xoxb-rehearsal"}


async def sent(rig: Rig, data: object = b"words") -> str:
    """Announce five bytes and send them; gives the file's id."""
    begun = await rig.client.files_getUploadURLExternal(filename="a.txt", length=5)
    async with rig.session.post(begun["upload_url"], data=data) as answer:
        assert (answer.status, await answer.text()) == (200, "OK - 5")
    return str(begun["file_id"])


async def test_file_is_uploaded_in_its_three_steps_and_shown_to_the_member():
    async with slack() as rig:
        await rig.client.conversations_open(users="U0HART")
        done = await rig.client.files_upload_v2(
            content=b"\x89PNG", filename="trend.png", title="Trend", initial_comment="This half-term", channel=DM
        )
        shown = await rig.ask("GET", "/workspace/U0HART/messages")
        assert [(each["text"], each["files"][0]["mimetype"]) for each in shown] == [("This half-term", "image/png")]
        async with rig.session.get(f"{rig.base}/workspace/files/{shown[0]['files'][0]['id']}") as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", b"\x89PNG")
        picture = {"type": "image", "slack_file": {"id": done["file"]["id"]}, "alt_text": "A line rising"}
        assert (await rig.client.chat_postMessage(channel=DM, text="x", blocks=[picture]))["ok"] is True


async def test_file_content_needs_the_token_and_the_scope():
    async with slack(scopes=(*SCOPES, "files:read")) as rig:
        done = await rig.client.files_upload_v2(content=b"words", filename="a.txt")
        url = done["file"]["url_private"]
        async with rig.session.get(url) as answer:
            assert answer.status == 401
        async with rig.session.get(url, headers={"Authorization": "Bearer xoxb-rehearsal"}) as answer:
            assert await answer.read() == b"words"
    async with slack() as rig:
        url = (await rig.client.files_upload_v2(content=b"words", filename="a.txt"))["file"]["url_private"]
        async with rig.session.get(url, headers={"Authorization": "Bearer xoxb-rehearsal"}) as answer:
            assert answer.status == 403


async def test_file_comes_as_a_form_too_and_lands_in_a_thread():
    async with slack() as rig:
        await rig.client.conversations_open(users="U0HART")
        top = await rig.client.chat_postMessage(channel=DM, text="x")
        form = aiohttp.FormData({"more": "x"}, default_to_multipart=True)
        form.add_field("file", b"words", filename="a.txt")
        files = [{"id": await sent(rig, form)}]
        await rig.client.files_completeUploadExternal(files=files, channel_id=DM, thread_ts=top["ts"])
        shown = (await rig.ask("GET", "/workspace/U0HART/messages"))[-1]
        below = (await rig.client.conversations_history(channel=DM))["messages"]
    # What is in a thread is not in the history of the conversation.
    assert (shown["files"][0]["title"], [message["ts"] for message in below]) == ("a.txt", [top["ts"]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 5}, "missing required field: filename"),
        ({"filename": "a.txt"}, "missing required field: length"),
        ({"filename": "a.txt", "length": "five"}, "must provide a number [json-pointer:/length]"),
        ({"filename": "a.txt", "length": "²"}, "must provide a number [json-pointer:/length]"),
        ({"filename": "a.txt", "length": "9" * 5000}, "must provide a number [json-pointer:/length]"),
        ({"filename": "a.txt", "length": 0}, "must be greater than 1 [json-pointer:/length]"),
    ],
)
async def test_upload_announced_wrongly_is_refused(arguments: dict[str, Any], message: str):
    async with slack() as rig:
        refused = await refusal(rig.client.api_call("files.getUploadURLExternal", data=arguments))
    assert (refused["error"], refused["response_metadata"]["messages"]) == ("invalid_arguments", [f"[ERROR] {message}"])


async def test_upload_that_was_never_sent_or_has_another_length_is_refused():
    async with slack() as rig:
        await sent(rig)
        begun = await rig.client.files_getUploadURLExternal(filename="a.txt", length=5)
        for data in (b"four", aiohttp.FormData({"file": "words"}, default_to_multipart=True)):
            async with rig.session.post(begun["upload_url"], data=data) as answer:
                assert answer.status == 404
        unsent = rig.client.files_completeUploadExternal(files=[{"id": begun["file_id"]}])
        assert await error_of(unsent) == "file_not_found"


@pytest.mark.parametrize(
    ("files", "error"),
    [
        (None, "invalid_arguments"),
        ([], "invalid_arguments"),
        ("{", "invalid_arguments"),
        (["F0"], "file_not_found"),
        ([{"id": "F0"}], "file_not_found"),
    ],
)
async def test_upload_ended_wrongly_is_refused(files: object, error: str):
    async with slack() as rig:
        assert await error_of(rig.client.api_call("files.completeUploadExternal", json={"files": files})) == error


async def test_the_same_upload_is_not_ended_twice():
    async with slack() as rig:
        first, second = {"id": await sent(rig)}, {"id": await sent(rig)}
        assert await error_of(rig.client.files_completeUploadExternal(files=[first, first])) == "file_not_found"
        assert (await rig.client.files_completeUploadExternal(files=[second]))["ok"] is True


async def test_file_that_was_deleted_is_gone():
    async with slack(scopes=(*SCOPES, "files:read")) as rig:
        done = await rig.client.files_completeUploadExternal(files=[{"id": await sent(rig)}])
        (file,) = done["files"]
        await rig.client.files_delete(file=file["id"])
        assert await error_of(rig.client.files_delete(file=file["id"])) == "file_not_found"
        async with rig.session.get(file["url_private"], headers=TOKEN) as answer:
            assert answer.status == 404
