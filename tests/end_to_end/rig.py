"""A whole Earshot on loopback: the stand-in networks, a small sample school, the real service, and who uses it.

The service runs with the libraries and settings it has in a school; everything that pupils and staff do, and all that
they see, goes over HTTP.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import aiohttp
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from benchmarks.stage import free_port
from bot import rehearsing
from bot.clock import Clock
from bot.sample.listing import NEAR_NOTE, PhoneUser, SampleDirectory, SlackUser
from bot.service import Service
from bot.settings import Settings
from conversations.bank import LATEST, load
from rehearsal.app import make_app, start
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, TELEGRAM_TOKEN
from store.care_tables import GoTo
from store.people import by_chat
from store.sealing import Sealer
from store.tables import School
from tests.factories import NOW
from tests.rows import small_school

T = TypeVar("T")
Json = dict[str, Any]
Way = Literal["polling and Socket Mode", "webhook and HTTP"]
WAYS: tuple[Way, ...] = ("polling and Socket Mode", "webhook and HTTP")


async def eventually(look: Callable[[], Awaitable[T]], what: str, seconds: float = 60.0) -> T:
    """Look until something (anything true) is seen, and give it; fails saying `what` never came to be."""
    deadline = time.monotonic() + seconds
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never came to be within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.03)
    return seen


@dataclass(frozen=True)
class Phone:
    """One pupil's phone."""

    world: World
    person: PhoneUser

    async def send(self, path: str, **body: object) -> Json:
        told: Json = await self.world.ask("POST", f"/phone/{self.person.id}/{path}", body)
        return told

    async def write(self, text: str) -> int:
        """Type words; gives the message's number."""
        return int((await self.send("text", text=text))["message_id"])

    async def messages(self) -> list[Json]:
        """All that Earshot wrote here, oldest first."""
        told = await self.world.ask("GET", f"/phone/{self.person.id}/messages")
        return [message for message in told["messages"] if message["from"] == "bot"]

    async def toast(self) -> str | None:
        told = await self.world.ask("GET", f"/phone/{self.person.id}/messages")
        words: str | None = told["toast"]
        return words

    async def reads(self, words: str) -> Json:
        """Wait for a message with these words in it; gives the newest such."""

        async def look() -> Json | None:
            return next((one for one in reversed(await self.messages()) if words in one["text"]), None)

        return await eventually(look, f"a message with “{words}”")

    async def toasted(self, words: str) -> None:
        async def look() -> bool:
            return words in (await self.toast() or "")

        await eventually(look, f"a toast with “{words}”")

    async def tap(self, label: str) -> Json:
        """Wait for a message with this button, and tap it on the newest; gives the message as it was."""

        async def look() -> Json | None:
            return next((one for one in reversed(await self.messages()) if button(one, label)), None)

        message = await eventually(look, f"a button “{label}”")
        await self.tap_on(message, label)
        return message

    async def tap_on(self, message: Json, label: str) -> None:
        """Tap a button of a message as it was read, which may be another by now."""
        data = button(message, label)
        assert data is not None, label
        await self.send("tap", message_id=message["message_id"], data=data)

    async def question(self, number: int) -> Json:
        """Wait for a question of the check-in, counted from 1."""
        return await self.reads(f"{number} of 6\n")

    async def answer(self, number: int, *, low: bool) -> Json:
        """Answer one question at the low or the high end of its item; gives the message as it was before the tap."""
        message = await self.question(number)
        await self.tap_on(message, answer_to(message, low=low))
        return message

    async def check_in(self, *, low: bool) -> None:
        """Answer a whole check-in in its six taps: five questions, and nothing to add."""
        for number in range(1, 6):
            await self.answer(number, low=low)
        await self.tap("Nothing to add")
        await self.reads("That is all for")


@dataclass(frozen=True)
class Desk:
    """One member of staff's Slack."""

    world: World
    person: SlackUser

    async def get(self, path: str) -> Any:  # noqa: ANN401 (JSON)
        return await self.world.ask("GET", f"/workspace/{self.person.id}/{path}")

    async def send(self, path: str, **body: object) -> Json:
        told: Json = await self.world.ask("POST", f"/workspace/{self.person.id}/{path}", body)
        return told

    async def cards(self, words: str = "") -> list[Json]:
        """The cards in their messages with Earshot that hold some words, oldest first."""
        if not await self.get("conversations"):
            return []
        messages = await self.get("messages")
        return [message for message in messages if words in words_of(message["blocks"])]

    async def reads(self, *words: str) -> Json:
        """Wait for a card that holds all of these words; gives the newest such."""

        async def look() -> Json | None:
            found = [card for card in await self.cards() if all(one in words_of(card["blocks"]) for one in words)]
            return found[-1] if found else None

        return await eventually(look, f"a card with {words}")

    async def press(self, card: Json, label: str, **more: object) -> Json:
        """Press a button of a card; gives whether Earshot acknowledged it, and after how many milliseconds."""
        [channel] = [one["id"] for one in await self.get("conversations")]
        return await self.send("click", channel=channel, ts=card["ts"], **pressed(card["blocks"], label), **more)

    async def press_as_it_was(self, card: Json, label: str) -> Json:
        """Press a button that has gone from the card meanwhile, as somebody does whose screen is a moment behind."""
        return await self.press(card, label, force=True)

    async def modal(self) -> str:
        """Wait for a modal; gives its words."""

        async def look() -> Any:  # noqa: ANN401 (JSON)
            return await self.get("view")

        return words_of((await eventually(look, "a modal"))["blocks"])

    async def home(self, *words: str) -> str:
        """Open the Home tab, and wait until it holds some words."""
        await self.send("home/open")
        return await self.sees_home(*words)

    async def sees_home(self, *words: str) -> str:
        """Wait until the Home tab holds some words; gives all of them."""

        async def look() -> str | None:
            view = await self.get("home")
            held = words_of(view["blocks"]) if view else ""
            return held if view and all(one in held for one in words) else None

        return await eventually(look, f"a Home tab with {words}")


@dataclass
class World:
    """Everything that is running, and the people in it."""

    networks: str
    engine: Engine
    sealer: Sealer
    settings: Settings
    clock: Clock
    people: SampleDirectory
    http: aiohttp.ClientSession
    service: Service
    stop: asyncio.Event

    @property
    def bot(self) -> str:
        return f"http://127.0.0.1:{self.settings.http_port}"

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        """Ask the networks something; nothing they are asked here is refused."""
        async with self.http.request(method, self.networks + path, json=body) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return told

    async def ask_bot(self, method: str, path: str) -> tuple[int, Json]:
        async with self.http.request(method, self.bot + path) as answer:
            return answer.status, await answer.json()

    async def open_wave(self) -> int:
        """Open a check-in now; gives how many pupils are asked."""
        return int((await self.wave_opened())["opened"])

    async def wave_opened(self) -> Json:
        """Open a check-in now; gives all that the page is told of it."""
        status, told = await self.ask_bot("POST", "/rehearsal/wave")
        assert (status, told.keys()) == (200, {"opened", "replaced", "ahead"})
        return told

    async def next_school_day(self) -> None:
        assert (await self.ask_bot("POST", "/rehearsal/clock/next-school-day"))[0] == 200

    async def misbehave(self, mode: str) -> None:
        await self.ask("POST", "/control/faults", {"mode": mode})

    # --- people -------------------------------------------------------------------------------------------------------

    def near_pupil(self, group: str = "9A") -> Phone:
        """The pupil of a tutor group who is one low check-in away from a flag."""
        [person] = [one for one in self.people.pupils if f"· {group} ·" in one.note and NEAR_NOTE in one.note]
        return Phone(self, person)

    def other_pupil(self, group: str = "9A") -> Phone:
        """The first pupil of a tutor group who has joined and is not near anything."""
        return Phone(self, next(one for one in self.people.pupils if one.note.endswith(f"· {group}") and one.started))

    def pupil_without_go_tos(self) -> Phone:
        """The same pupil, who has named nobody yet."""
        phone = self.other_pupil()
        with Session(self.engine) as session:
            found = by_chat(session, self.sealer, session.exec(select(School.id)).one(), phone.person.id)
            assert found is not None
            session.exec(delete(GoTo).where(col(GoTo.pupil_id) == found.pupil.id))
            session.commit()
        return phone

    def new_pupil(self) -> tuple[Phone, str]:
        """The pupil who has not joined yet, and the code on their letter."""
        [person] = [one for one in self.people.pupils if not one.started]
        return Phone(self, person), person.note.rpartition(" ")[2]

    def tutor(self, group: str = "9A") -> Desk:
        return Desk(self, next(one for one in self.people.staff if one.title == f"tutor of {group}"))

    def leads(self) -> list[Desk]:
        """The safeguarding leads."""
        return [Desk(self, one) for one in self.people.staff if one.title in ("DSL", "deputy DSL")]

    # --- the service --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start a service on the store as it is."""
        self.service, self.stop = make_service(self.settings, self.engine, self.sealer, self.clock), asyncio.Event()
        await self.service.start(self.stop, rehearsing.routes(self.service))
        if not self.settings.slack_app_token:
            await self.ask("PUT", "/workspace/delivery", {"mode": "http", "url": f"{self.bot}/slack/events"})

    async def end(self) -> float:
        """Stop it as Ctrl-C does; gives how many seconds that took."""
        began = time.monotonic()
        self.stop.set()
        await self.service.close()
        return time.monotonic() - began


def make_service(settings: Settings, engine: Engine, sealer: Sealer, clock: Clock) -> Service:
    with Session(engine) as session:
        school_id = session.exec(select(School.id)).one()
    return Service(settings, engine, sealer, school_id, clock)


@asynccontextmanager
async def world(engine: Engine, sealer: Sealer, way: Way = WAYS[0]) -> AsyncIterator[World]:
    """Run everything, on a Tuesday in term at 10:00, until the block ends."""
    people = small_school(engine, sealer)
    bot_port = free_port()
    runner = await start(make_app(state=None, bot=f"http://127.0.0.1:{bot_port}", seed=1), 0)
    networks = f"http://127.0.0.1:{runner.addresses[0][1]}"
    data = Path(tempfile.mkdtemp(prefix="earshot-data-"))
    settings = make_settings(networks, bot_port, way, data)
    clock = Clock(NOW - datetime.now(UTC))
    try:
        async with aiohttp.ClientSession() as http:
            service = make_service(settings, engine, sealer, clock)
            running = World(networks, engine, sealer, settings, clock, people, http, service, asyncio.Event())
            await running.ask("PUT", "/phone/people", people.phone_people())
            await running.ask("PUT", "/workspace/people", people.workspace_people())
            await running.begin()
            try:
                yield running
            finally:
                await running.end()
    finally:
        await runner.cleanup()
        shutil.rmtree(data)


def make_settings(networks: str, bot_port: int, way: Way, data: Path) -> Settings:
    """Settings as a school would have them, less that the networks are the stand-ins."""
    by_http = way == "webhook and HTTP"
    return Settings(
        _env_file=None,
        data_dir=data,
        telegram_token=SecretStr(TELEGRAM_TOKEN),
        telegram_api_url=networks,
        telegram_webhook_url=f"http://127.0.0.1:{bot_port}" if by_http else "",
        slack_bot_token=SecretStr(SLACK_BOT_TOKEN),
        slack_app_token=None if by_http else SecretStr(SLACK_APP_TOKEN),
        slack_signing_secret=SecretStr(SLACK_SIGNING_SECRET),
        slack_api_url=f"{networks}/api/",
        http_port=bot_port,
    )


# --- reading what is on the screens -----------------------------------------------------------------------------------


def button(message: Json, label: str) -> str | None:
    """Give what a button of a message carries; None when there is no such button."""
    keys = [key for row in message["keyboard"] or [] for key in row if key["text"] == label]
    return keys[0]["callback_data"] if keys else None


def answer_to(message: Json, *, low: bool) -> str:
    """Give the label of the answer at the low (or high) end of the question in a message."""
    stem = message["text"].split("\n\n", 1)[1]
    for item in load(LATEST).items.values():
        for band, words in item.stem.items():
            option = item.options[band][0 if low == (item.direction == 1) else -1]
            label = " ".join(filter(None, (option.picture, option.text)))
            if words == stem and button(message, label):
                return label
    raise AssertionError("no item asks that")


def words_of(blocks: list[Json]) -> str:
    """Read every text of Slack's blocks, in order, one a line."""
    found: list[str] = []

    def read(part: object) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                found.append(part["text"])
            for inner in part.values():
                read(inner)
        elif isinstance(part, list):
            for inner in part:
                read(inner)

    read(blocks)
    return "\n".join(found)


def pressed(blocks: list[Json], label: str) -> Json:
    """Give what Slack is told when the button with this label is pressed."""
    for block in blocks:
        elements = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
        for element in elements:
            if element["type"] == "button" and element["text"]["text"] == label:
                return {"block_id": block["block_id"], "action_id": element["action_id"], "value": element["value"]}
    raise AssertionError(f"no button “{label}”")
