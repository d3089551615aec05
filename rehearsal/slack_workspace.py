"""The members' side of the stand-in workspace: what its page and the tests use to read, press, type and send.

Answers are JSON; what a member could not do on the real network is refused with a status and {"error": sentence}.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from rehearsal.slack_desk import Desk
from rehearsal.slack_member import Member, NotThere, need
from rehearsal.slack_memory import Channel, Person

Handler = Callable[[web.Request], Awaitable[web.Response]]

PEOPLE = 50


class MemberDoor:
    """The addresses under /workspace."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_routes(self, app: web.Application) -> None:
        routes: list[tuple[str, str, Callable[[web.Request], Awaitable[object]]]] = [
            ("PUT", "/workspace/people", self._put_people),
            ("GET", "/workspace/people", self._people),
            ("PUT", "/workspace/channels", self._put_channels),
            ("PUT", "/workspace/delivery", self._put_delivery),
            ("GET", "/workspace/delivery", self._delivery),
            ("POST", "/workspace/limits", self._limits),
            ("POST", "/workspace/disconnect", self._disconnect),
            ("GET", "/workspace/{user}/conversations", self._conversations),
            ("GET", "/workspace/{user}/messages", self._messages),
            ("GET", "/workspace/{user}/home", self._home),
            ("POST", "/workspace/{user}/home/open", self._open_home),
            ("GET", "/workspace/{user}/view", self._view),
            ("POST", "/workspace/{user}/click", self._click),
            ("POST", "/workspace/{user}/view/submit", self._submit),
            ("POST", "/workspace/{user}/view/close", self._close),
            ("POST", "/workspace/{user}/shortcut", self._shortcut),
            ("POST", "/workspace/{user}/command", self._command),
            ("POST", "/workspace/{user}/say", self._say),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, _answering(handler))

    async def _put_people(self, request: web.Request) -> object:
        """Register members or change them: [{"id", "email", "name", "real_name", "deleted"?}]."""
        people = [
            Person(
                id=need(each, "id"),
                email=need(each, "email"),
                name=need(each, "name"),
                real_name=need(each, "real_name"),
                deleted=bool(each.get("deleted")),
                showcase=bool(each.get("showcase")),
            )
            for each in await _bodies(request)
        ]
        if not all(person.id.startswith(("U", "W")) for person in people):
            raise ValueError("A member's id begins with U or W.")
        for person in people:
            self._desk.memory.register(person)
        return {"people": len(self._desk.memory.people)}

    async def _people(self, request: web.Request) -> object:
        memory = self._desk.memory
        wanted = request.query.get("q", "").strip().casefold()
        found = [
            person
            for person in memory.people.values()
            if any(wanted in each.casefold() for each in (person.name, person.real_name, person.email))
        ]
        unread = {
            person.id: sum(memory.unread(person.id, channel.id) for channel in memory.conversations(person.id))
            for person in found
        }
        # “head” is the head, before ten heads of year; then come those who have something to read.
        found.sort(key=lambda person: (wanted not in _titles(person), unread[person.id] == 0))
        limit = int(request.query.get("limit", PEOPLE))
        return [asdict(person) | {"unread": unread[person.id]} for person in found[:limit]]

    async def _put_channels(self, request: web.Request) -> object:
        """Make public channels: [{"id": "C…", "name", "members": [ids], "bot_in": bool}]."""
        for each in await _bodies(request):
            members, bot_in = tuple(each.get("members", [])), bool(each.get("bot_in", True))
            self._desk.memory.keep_channel(
                Channel(need(each, "id"), int(time.time()), name=need(each, "name"), members=members, bot_in=bot_in)
            )
        return {"channels": len(self._desk.memory.channels)}

    async def _put_delivery(self, request: web.Request) -> object:
        """Choose how events reach the app; HTTP is refused when the app does not answer the challenge."""
        body = await _body(request)
        mode = need(body, "mode")
        if mode not in ("socket", "http"):
            raise ValueError("Events go by socket or by http.")
        if mode == "socket":
            self._desk.courier.use_socket()
        elif not await self._desk.courier.use_http(need(body, "url")):
            raise ValueError("The app did not answer the challenge at that address.")
        return {"mode": self._desk.courier.mode}

    async def _delivery(self, _request: web.Request) -> object:
        return {"mode": self._desk.courier.mode}

    async def _limits(self, request: web.Request) -> object:
        self._desk.limits.enforce = bool((await _body(request)).get("enforce", True))
        return {"enforce": self._desk.limits.enforce}

    async def _disconnect(self, request: web.Request) -> object:
        """Ask the connected clients to connect anew: {"reason": "warning" or "refresh_requested"}."""
        return {"asked": await self._desk.courier.disconnect(need(await _body(request), "reason"))}

    async def _conversations(self, request: web.Request) -> object:
        return self._member(request).conversations()

    async def _messages(self, request: web.Request) -> object:
        return self._member(request).messages(request.query.get("channel", ""))

    async def _home(self, request: web.Request) -> object:
        return self._desk.views.homes.get(self._member(request).id)

    async def _open_home(self, request: web.Request) -> object:
        self._member(request).open_home()
        return {"opened": True}

    async def _view(self, request: web.Request) -> object:
        return self._desk.views.top(self._member(request).id)

    async def _click(self, request: web.Request) -> object:
        return await self._member(request).click(await _body(request))

    async def _submit(self, request: web.Request) -> object:
        body = await _body(request)
        return await self._member(request).submit(need(body, "view_id"), body.get("values", {}))

    async def _close(self, request: web.Request) -> object:
        return await self._member(request).close((await _body(request)).get("view_id"))

    async def _shortcut(self, request: web.Request) -> object:
        return await self._member(request).shortcut(need(await _body(request), "callback_id"))

    async def _command(self, request: web.Request) -> object:
        body = await _body(request)
        return await self._member(request).command(need(body, "command"), body.get("text", ""), body.get("channel", ""))

    async def _say(self, request: web.Request) -> object:
        body = await _body(request)
        return self._member(request).say(body.get("channel", ""), need(body, "text"))

    def _member(self, request: web.Request) -> Member:
        person = self._desk.memory.people.get(request.match_info["user"])
        if person is None:
            raise NotThere("That person is not in the workspace.")
        return Member(self._desk, person, request)


async def _body(request: web.Request) -> dict[str, Any]:
    """Read a JSON object, {} when the request has no body. Raises ValueError for anything else."""
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise ValueError("A JSON object is expected here.")
    return body


async def _bodies(request: web.Request) -> list[dict[str, Any]]:
    body = await request.json()
    if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
        raise ValueError("A JSON list of objects is expected here.")
    return body


def _answering(handler: Callable[[web.Request], Awaitable[object]]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response(await handler(request))
        except NotThere as error:
            return web.json_response({"error": str(error)}, status=404)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return answer


def _titles(person: Person) -> list[str]:
    """List what a member is in school, which stands behind their name."""
    return person.real_name.casefold().partition(" · ")[2].split(", ")
