"""The stand-in Slack, a small school, and the real edge between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy import Engine
from sqlmodel import select

from bot.ends import Sent
from bot.slack.edge import EVENTS_PATH, SlackEdge
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET
from rehearsal.slack_rules import Waits
from store import outbox
from store.outbox import Letter
from tests.bot.slack_school import NOW, PEOPLE, SmallSchool, small_school
from tests.rehearsal.slack_rig import Rig, serving, slack

# A press is given longer than Slack gives it: a shared machine may stop for a second at any moment.
PATIENT = Waits(ack=5.0, retries=(0.0, 0.2, 0.5, 1.0, 2.0), trigger=10.0)
# For what is to be delivered again.
QUICK = Waits(ack=1.0, retries=(0.0, 0.2, 0.5, 1.0, 2.0), trigger=10.0)


@dataclass
class Office:
    """The stand-in Slack, a school, and the edge between them; letters are sent when a test says so."""

    rig: Rig
    school: SmallSchool
    edge: SlackEdge
    letters: list[Letter]
    url: str
    woken: list[None] = field(default_factory=list)
    # Whether the edge may take anything in: no other process does.
    may: bool = True

    async def deliver(self, letters: Iterable[Letter] | None = None) -> None:
        """Send what was handed over (or these letters), and write where it lies."""
        waiting = list(letters) if letters is not None else [self.letters.pop(0) for _ in list(self.letters)]
        for letter in waiting:
            result = await self.edge.sender.send(letter)
            assert isinstance(result, Sent), result
            ref = result.ref
            self.school.work(
                lambda session, letter=letter, ref=ref: outbox.sent(session, self.school.sealer, letter, NOW, ref)
            )

    async def messages(self, user: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = await self.rig.ask("GET", f"/workspace/{user}/messages")
        return answer

    async def press(self, user: str, action: str, **more: object) -> Any:  # noqa: ANN401 (JSON)
        """Press a button of the person's last message."""
        message = (await self.messages(user))[-1]
        place = {"channel": f"D{user[1:]}", "ts": message["ts"], "action_id": action}
        return await self.rig.click(user, **place, **more)

    async def modal(self, user: str) -> str:
        """Wait for a modal and read it: its sections, one a line."""
        view = await self.soon(lambda: self.rig.ask("GET", f"/workspace/{user}/view"))
        return "\n".join(block["text"]["text"] for block in view["blocks"] if block["type"] == "section")

    async def home(self, user: str, want: Callable[[Any], bool] = bool) -> Any:  # noqa: ANN401 (JSON)
        return await self.soon(lambda: self.rig.ask("GET", f"/workspace/{user}/home"), want)

    async def soon(self, ask: Callable[[], Any], want: Callable[[Any], bool] = bool) -> Any:  # noqa: ANN401 (JSON)
        """Ask until the answer is as wanted."""
        async with asyncio.timeout(5):
            while not want(answer := await ask()):
                await self.deliver()
                await asyncio.sleep(0.01)
        return answer

    def count(self, table: type[Any]) -> int:
        return self.school.work(lambda session: len(session.exec(select(table)).all()))


@asynccontextmanager
async def office(
    engine: Engine, way: str, *, linked: bool = True, waits: Waits = PATIENT, bot_token: str = SLACK_BOT_TOKEN
) -> AsyncIterator[Office]:
    school = small_school(engine, linked=linked)
    async with slack(waits=waits) as rig:
        await rig.ask("PUT", "/workspace/people", PEOPLE)
        letters: list[Letter] = []
        woken: list[None] = []
        edge = SlackEdge(
            bot_token=bot_token,
            app_token=SLACK_APP_TOKEN if way == "socket" else None,
            signing_secret=SLACK_SIGNING_SECRET if way == "http" else None,
            api_url=f"{rig.base}/api/",
            school_id=school.school.id,
            worker=school.worker,
            sealer=school.sealer,
            clock=lambda: NOW,
            dispatch=letters.extend,
            wake=lambda: woken.append(None),
            name="tests",
            may=lambda: here.may,
        )
        server = web.Application()
        edge.add_routes(server)
        async with serving(server) as base:
            url = base + EVENTS_PATH
            here = Office(rig, school, edge, letters, url, woken)
            await edge.start()
            try:
                if way == "http":
                    await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": url})
                yield here
            finally:
                await edge.close()
                school.worker.close()
