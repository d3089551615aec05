"""Files in the stand-in Slack: the two Web API methods around an upload, the upload itself, and fetching a file."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from rehearsal.hub import SLACK_BOT_TOKEN
from rehearsal.slack_call import Call
from rehearsal.slack_desk import Desk
from rehearsal.slack_memory import File
from rehearsal.slack_rules import BOT_USER_ID, Refusal, is_count, missing

Answer = dict[str, Any]

TYPES = {
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}


def upload_url(call: Call) -> Answer:
    name = call.need("filename")
    length = call.need("length")
    if not is_count(length):
        raise Refusal("invalid_arguments", ["[ERROR] must provide a number [json-pointer:/length]"])
    if int(length) == 0:
        raise Refusal("invalid_arguments", ["[ERROR] must be greater than 1 [json-pointer:/length]"])
    ticket, file_id = call.desk.uploads.begin(name, int(length), call.words("alt_txt"))
    return {"upload_url": f"{call.base}/upload/v1/{ticket}", "file_id": file_id}


def complete_upload(call: Call) -> Answer:
    memory = call.desk.memory
    wanted = call.structured("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise missing("files")
    named = [call.words("channel_id"), *call.words("channels").split(",")]
    channels = [memory.reach(channel.strip()) for channel in named if channel.strip()]
    if not all(isinstance(each, dict) and call.desk.uploads.sent(str(each.get("id"))) for each in wanted):
        raise Refusal("file_not_found")
    files = [call.desk.uploads.finish(str(each["id"]), str(each.get("title") or "")) for each in wanted]
    shown = [file_object(file, call.base) for file in files]
    for channel in channels:
        parts: dict[str, Any] = {"text": call.words("initial_comment"), "files": shown, "upload": True}
        if call.words("thread_ts"):
            parts["thread_ts"] = call.words("thread_ts")
        memory.post(channel.id, BOT_USER_ID, parts)
    return {"files": shown}


def delete_file(call: Call) -> Answer:
    if not call.desk.memory.drop_file(call.need("file")):
        raise Refusal("file_not_found")
    return {}


def extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def mimetype(name: str) -> str:
    return TYPES.get(extension(name), "application/octet-stream")


def file_object(file: File, base: str) -> Answer:
    """Give a file as messages carry it; its content is behind url_private."""
    url = f"{base}/files/{file.id}/{file.name}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "alt_txt": file.alt,
        "mimetype": mimetype(file.name),
        "filetype": extension(file.name),
        "user": BOT_USER_ID,
        "size": len(file.content),
        "mode": "hosted",
        "url_private": url,
        "url_private_download": url,
    }


class FileDoor:
    """The addresses bytes go to and come from."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/upload/v1/{ticket}", self._receive)
        app.router.add_get("/files/{file}/{name}", self._for_app)
        app.router.add_get("/workspace/files/{file}", self._for_member)

    async def _receive(self, request: web.Request) -> web.Response:
        if request.content_type == "multipart/form-data":
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            content = parts[0].file.read() if parts else b""
        else:
            content = await request.read()
        if not self._desk.uploads.receive(request.match_info["ticket"], content):
            return web.Response(status=404, text="That upload is unknown, or its length is not the one announced.")
        return web.Response(text=f"OK - {len(content)}")

    async def _for_app(self, request: web.Request) -> web.Response:
        """Give the app a file's content: it needs the bot token and the scope files:read, as on the real network."""
        if request.headers.get("Authorization") != f"Bearer {SLACK_BOT_TOKEN}":
            raise web.HTTPUnauthorized
        if "files:read" not in self._desk.scopes:
            raise web.HTTPForbidden
        return self._content(request.match_info["file"])

    async def _for_member(self, request: web.Request) -> web.Response:
        return self._content(request.match_info["file"])

    def _content(self, file_id: str) -> web.Response:
        file = self._desk.memory.files.get(file_id)
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type=mimetype(file.name))
