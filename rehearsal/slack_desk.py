"""What all parts of the stand-in Slack share, in one place: memory, views, passes, limits and the courier."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from rehearsal.slack_delivery import Courier
from rehearsal.slack_memory import Memory
from rehearsal.slack_rules import Limits
from rehearsal.slack_uploads import Uploads
from rehearsal.slack_views import Passes, Views


@dataclass(frozen=True)
class Desk:
    """The parts of one workspace."""

    memory: Memory
    views: Views
    passes: Passes
    limits: Limits
    courier: Courier
    uploads: Uploads
    scopes: tuple[str, ...]


def base_of(request: web.Request) -> str:
    """Give the address this server is reached at, from the socket the request came in on."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return f"http://{name[0]}:{name[1]}" if name else f"http://{request.host}"
