import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from rehearsal.app import start
from rehearsal.control import Control
from rehearsal.hub import FAULT_MODES, Book, Faults, Hub
from tests.rehearsal.control_rig import School, address, bot, rehearsal


async def read_event(stream: aiohttp.ClientResponse) -> tuple[str, dict[str, object]]:
    """Read the next event of a stream, passing over its comments and its `retry`."""
    topic = ""
    while True:
        line = (await stream.content.readline()).decode().rstrip("\n")
        if line.startswith("event: "):
            topic = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return topic, json.loads(line.removeprefix("data: "))


async def test_health_is_ok_without_a_bot():
    async with rehearsal() as session, session.get("/control/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"ok": True})


async def test_state_names_the_fault_mode_and_all_modes():
    async with rehearsal() as session, session.get("/control/state") as answer:
        assert await answer.json() == {"faults": "off", "modes": list(FAULT_MODES)}


async def test_fault_mode_changes_what_the_bot_api_answers():
    async with rehearsal() as session:
        async with session.post("/control/faults", json={"mode": "429"}) as answer:
            assert await answer.json() == {"faults": "429"}
        statuses = set()
        for _ in range(40):
            async with session.get("/bot700000001:rehearsal-telegram-token-0000000000/getMe") as answer:
                statuses.add(answer.status)
        assert statuses == {200, 429}
        async with session.get("/control/state") as answer:
            assert (await answer.json())["faults"] == "429"


async def test_unknown_fault_mode_is_refused_with_the_known_ones():
    async with rehearsal() as session, session.post("/control/faults", json={"mode": "earthquake"}) as answer:
        sentence = "mode must be one of: off, 429, 5xx, drop, duplicate, all."
        assert (answer.status, await answer.json()) == (400, {"error": sentence})


async def test_fault_body_that_is_not_json_is_refused():
    async with rehearsal() as session, session.post("/control/faults", data=b"mode=all") as answer:
        assert (answer.status, await answer.json()) == (400, {"error": "The body must be JSON."})


async def test_events_tell_what_the_hub_publishes():
    async with rehearsal() as session, session.get("/control/events") as stream:
        assert stream.content_type == "text/event-stream"
        await session.post("/control/faults", json={"mode": "drop"})
        assert await read_event(stream) == ("faults", {"mode": "drop"})
        await session.put("/phone/people", json=[{"id": 11, "first_name": "Bryn", "last_name": "Sample"}])
        assert (await read_event(stream))[0] == "phone"


async def test_many_changes_at_once_arrive_in_order():
    async with rehearsal() as session, session.get("/control/events") as stream:
        for mode in FAULT_MODES:
            await session.post("/control/faults", json={"mode": mode})
        assert [await read_event(stream) for _ in FAULT_MODES] == [("faults", {"mode": mode}) for mode in FAULT_MODES]


async def test_clock_is_the_bots_and_says_how_far_ahead_it_stands():
    school = School()
    async with bot(school.make_app()) as base, rehearsal(base) as session:
        before = time.time()
        async with session.get("/control/clock") as answer:
            told = await answer.json()
        ahead = told.pop("ahead")
        assert told == school.told()
        ((since, seconds),) = ahead
        assert before <= since <= time.time()
        assert datetime.fromtimestamp(since + seconds).astimezone() == school.now


async def test_next_school_day_moves_the_bots_clock_and_is_told():
    school = School()
    async with bot(school.make_app()) as base, rehearsal(base) as session, session.get("/control/events") as stream:
        await session.get("/control/clock")
        async with session.post("/control/clock/next-school-day") as answer:
            told = await answer.json()
        assert told["text"] == "Tuesday 09:05"
        (_, first), (_, second) = told["ahead"]
        assert round((second - first) / 3600) == 24
        assert await read_event(stream) == ("clock", {})


async def test_where_the_clock_stood_survives_a_restart(tmp_path: Path):
    school = School()
    state = tmp_path / "rehearsal.sqlite"
    async with bot(school.make_app()) as base:
        async with rehearsal(base, state) as session, session.get("/control/clock") as answer:
            (first,) = (await answer.json())["ahead"]
        async with rehearsal(base, state) as session, session.post("/control/clock/next-school-day") as answer:
            ahead = (await answer.json())["ahead"]
    assert len(ahead) == 2
    assert [round(part, 3) for part in ahead[0]] == [round(part, 3) for part in first]


async def test_wave_passes_on_how_many_were_opened_and_then_the_bots_refusal():
    school = School()
    async with bot(school.make_app()) as base, rehearsal(base) as session:
        async with session.post("/control/wave") as answer:
            assert (answer.status, await answer.json()) == (200, {"opened": 27})
        async with session.post("/control/wave") as answer:
            assert (answer.status, await answer.json()) == (409, {"error": "Today's check-in is open already."})


async def test_bot_that_is_not_up_gives_a_sentence():
    async with rehearsal() as session:
        for method, path in (
            ("GET", "/control/clock"),
            ("POST", "/control/clock/next-school-day"),
            ("POST", "/control/wave"),
        ):
            async with session.request(method, path) as answer:
                sentence = "The bot is not running yet. It may still be starting: try again in a moment."
                assert (answer.status, await answer.json()) == (503, {"error": sentence})


async def test_bot_that_answers_no_json_gives_a_sentence():
    # A bot without these routes answers 404 in plain text.
    async with bot(web.Application()) as base, rehearsal(base) as session, session.get("/control/clock") as answer:
        sentence = "The bot could not do that (status 404). Its log says more."
        assert (answer.status, await answer.json()) == (502, {"error": sentence})


async def test_stream_left_by_its_reader_does_not_disturb_the_others():
    async with rehearsal() as session, session.get("/control/events") as staying:
        leaving = await session.get("/control/events")
        leaving.close()
        for mode in ("drop", "off"):
            await session.post("/control/faults", json={"mode": mode})
            await asyncio.sleep(0)
        assert [await read_event(staying) for _ in range(2)] == [
            ("faults", {"mode": "drop"}),
            ("faults", {"mode": "off"}),
        ]


@asynccontextmanager
async def control(url: str = "http://127.0.0.1:1") -> AsyncIterator[tuple[aiohttp.ClientSession, web.AppRunner, Hub]]:
    """Serve the controls alone, with less patience than they have."""
    app, book, hub = web.Application(), Book(None), Hub()
    Control(hub, Faults(), book, url, heartbeat=0.02, patience=0.05).add_routes(app)
    runner = await start(app, 0)
    try:
        async with aiohttp.ClientSession(address(runner)) as session:
            yield session, runner, hub
    finally:
        await runner.cleanup()
        book.close()


async def test_silent_stream_shows_that_it_is_alive_and_ends_with_the_server():
    async with control() as (session, runner, _), session.get("/control/events") as stream:
        assert await stream.content.readuntil(b"still here\n\n") == (b"retry: 1000\n\n: listening\n\n: still here\n\n")
        await runner.cleanup()
        assert (await stream.content.read()).endswith(b"event: closing\ndata: {}\n\n")


async def test_changes_that_wait_together_come_together():
    async with control() as (session, _, hub), session.get("/control/events") as stream:
        await stream.content.readuntil(b": listening\n\n")
        for number in range(3):
            hub.publish("phone", {"user": number})
        told = [await read_event(stream) for _ in range(3)]
    assert told == [("phone", {"user": number}) for number in range(3)]


async def test_bot_that_is_silent_gives_a_sentence():
    over = asyncio.Event()

    async def say_nothing(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/rehearsal/clock", say_nothing)
    async with bot(app) as base, control(base) as (session, *_), session.get("/control/clock") as answer:
        over.set()
        sentence = "The bot did not answer in time. Try again in a moment."
        assert (answer.status, await answer.json()) == (504, {"error": sentence})


async def test_clock_that_stands_where_it_stood_is_noted_once_and_one_that_tells_no_time_never():
    said = {"now": datetime.now(UTC).isoformat()}

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(said)

    app = web.Application()
    app.router.add_get("/rehearsal/clock", tell)
    async with bot(app) as base, control(base) as (session, *_):
        counts = []
        for now in (said["now"], said["now"], "soon"):
            said["now"] = now
            async with session.get("/control/clock") as answer:
                counts.append(len((await answer.json())["ahead"]))
    assert counts == [1, 1, 1]
