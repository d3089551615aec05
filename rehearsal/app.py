"""The rehearsal server put together: both stand-in networks, the controls and the page in one application.

Everything is served from one port of this machine alone. The page is plain files, and every answer carries a content
security policy under which a browser loads nothing from anywhere else.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from rehearsal.control import Control
from rehearsal.hub import Book, Faults, Hub
from rehearsal.slack import Workspace
from rehearsal.telegram import BotApi

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
# Both networks take files of up to 50 MB from a bot.
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# Long polls and sockets never end by themselves; after this long they are cut, so that Ctrl-C ends within a second.
PATIENCE_SECONDS = 0.2
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def make_app(*, state: Path | None, bot: str, seed: int) -> web.Application:
    """Build the application.

    `state` is the SQLite file the networks remember in, or None for memory alone; `bot` is the base URL of the bot's
    own HTTP server; `seed` decides which calls fail while the fault switch is on.
    """
    hub = Hub()
    faults = Faults(random=random.Random(seed))
    book = Book(state)
    app = web.Application(client_max_size=LARGEST_BODY_BYTES)

    async def close_book(_app: web.Application) -> AsyncIterator[None]:
        yield
        book.close()

    # Cleanups run last to first: the book is closed after the networks have stopped writing in it.
    app.cleanup_ctx.append(close_book)
    BotApi(hub, faults, book).add_routes(app)
    Workspace(hub, faults, book).add_routes(app)
    Control(hub, faults, book, bot).add_routes(app)
    app.router.add_get("/", _page)
    app.router.add_static("/page", PAGE)
    app.on_response_prepare.append(_add_headers)
    return app


async def start(app: web.Application, port: int) -> web.AppRunner:
    """Serve the application on a port of this machine (0 picks a free one, see `runner.addresses`).

    The caller ends it with `await runner.cleanup()`. Raises OSError when the port is taken.
    """
    # Addresses of chats are part of the Bot API's paths and bodies, so no access log is written.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


async def _page(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
