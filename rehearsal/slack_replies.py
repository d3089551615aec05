"""Answers that come outside the Web API: to a response_url, or in the acknowledgement of a slash command."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from rehearsal.slack_chat import TEXT_POSTED, checked_blocks
from rehearsal.slack_desk import Desk
from rehearsal.slack_rules import BOT_USER_ID, Refusal


class ReplyDoor:
    """The response_url addresses."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/response/{team}/{key}", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        """Take one answer: 200 "ok", 404 for a spent or late address, 400 for what a message cannot be."""
        desk = self._desk
        try:
            known = desk.passes.use_reply(request.match_info["key"])
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=404)
        try:
            body = await request.json()
        except (ValueError, LookupError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return web.json_response(Refusal("invalid_payload").body(), status=400)
        try:
            take_reply(desk, body, known.user, known.channel, known.ts)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=400)
        return web.Response(text="ok")


def take_reply(desk: Desk, body: dict[str, Any], user: str, channel: str, ts: str) -> None:
    """Carry out an answer: a new message (for one member unless "in_channel"), or a change of the message acted on.

    `ts` is the message acted on, "" when there is none. Raises Refusal `no_text`, `msg_too_long`, `invalid_blocks` or
    `message_not_found`.
    """
    memory = desk.memory
    original = memory.find(channel, ts) or memory.find_only_for(user, channel, ts)
    if body.get("delete_original"):
        if original is None:
            raise Refusal("message_not_found")
        memory.remove(channel, ts, user)
        return
    text = body.get("text") if isinstance(body.get("text"), str) else ""
    blocks = checked_blocks(desk, body.get("blocks"))
    if not text and not blocks:
        raise Refusal("no_text")
    if text and len(text) > TEXT_POSTED:
        raise Refusal("msg_too_long")
    if body.get("replace_original"):
        if original is None:
            raise Refusal("message_not_found")
        memory.change(channel, original, {"text": text, "blocks": blocks or None})
        return
    parts: dict[str, Any] = {"text": text} | ({"blocks": blocks} if blocks else {})
    if body.get("response_type") == "in_channel":
        memory.post(channel, BOT_USER_ID, parts)
    else:
        memory.post_only_for(user, channel, parts)
