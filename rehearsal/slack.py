"""The stand-in Slack: Web API, Socket Mode, signed HTTP delivery, files, response URLs, and the members' side.

`Workspace` is what the rehearsal server mounts. The Web API is at /api/METHOD as on slack.com; members act through
/workspace, which only the rehearsal page and tests use.
"""

from __future__ import annotations

from aiohttp import web

from rehearsal.hub import Book, Faults, Hub
from rehearsal.slack_call import read_call
from rehearsal.slack_delivery import Courier
from rehearsal.slack_desk import Desk
from rehearsal.slack_files import FileDoor
from rehearsal.slack_memory import Memory
from rehearsal.slack_methods import METHODS, perform
from rehearsal.slack_replies import ReplyDoor
from rehearsal.slack_rules import SCOPES, Limits, Refusal, Waits
from rehearsal.slack_uploads import Uploads
from rehearsal.slack_views import Passes, Views
from rehearsal.slack_workspace import MemberDoor

# How long the fault switch's own 429 asks the caller to wait.
FAULT_RETRY_SECONDS = 1


class Workspace:
    """One Slack workspace with one app in it.

    `scopes` are those of the app's bot token; `waits` are the network's patience and lifetimes in seconds.
    """

    def __init__(
        self, hub: Hub, faults: Faults, book: Book, *, scopes: tuple[str, ...] = SCOPES, waits: Waits | None = None
    ) -> None:
        waits = waits or Waits()
        memory = Memory(hub, book)
        self._faults = faults
        self._desk = Desk(
            memory=memory,
            views=Views(memory),
            passes=Passes(waits),
            limits=Limits(),
            courier=Courier(faults, waits),
            uploads=Uploads(memory),
            scopes=scopes,
        )

    def add_routes(self, app: web.Application) -> None:
        """Mount everything on an application, and end connections and deliveries with it."""
        courier = self._desk.courier
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/socket", courier.serve_socket)
        FileDoor(self._desk).add_routes(app)
        ReplyDoor(self._desk).add_routes(app)
        MemberDoor(self._desk).add_routes(app)
        app.on_shutdown.append(courier.hang_up)
        app.cleanup_ctx.append(courier.run)

    async def _call(self, request: web.Request) -> web.Response:
        fault = self._faults.draw()
        if fault == "429":
            return refused(Refusal("ratelimited", retry_after=FAULT_RETRY_SECONDS))
        if fault == "5xx":
            return web.json_response({"ok": False, "error": "service_unavailable"}, status=503)
        name = request.match_info["method"]
        try:
            answer = web.json_response(perform(name, await read_call(request, self._desk)))
        except Refusal as refusal:
            answer = refused(refusal)
        if name in METHODS and METHODS[name].caller == "bot":
            answer.headers["X-OAuth-Scopes"] = ",".join(self._desk.scopes)
            if METHODS[name].scope:
                answer.headers["X-Accepted-OAuth-Scopes"] = METHODS[name].scope
        if fault == "drop" and request.transport is not None:
            request.transport.abort()
        return answer


def refused(refusal: Refusal) -> web.Response:
    """Answer a refusal as Slack does: HTTP 200 with ok false, or 429 with Retry-After."""
    if refusal.retry_after:
        return web.json_response(refusal.body(), status=429, headers={"Retry-After": str(refusal.retry_after)})
    return web.json_response(refusal.body())
