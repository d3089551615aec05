import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from rehearsal.app import PAGE, start
from rehearsal.hub import SLACK_APP_TOKEN, TELEGRAM_TOKEN, Book
from tests.rehearsal.control_rig import rehearsal

BOT_API = f"/bot{TELEGRAM_TOKEN}"
BRYN = {"id": 11, "first_name": "Bryn", "last_name": "Sample", "username": None, "language_code": "en", "note": "8B"}
TUTOR = {"id": "U1", "email": "tutor@school.example", "name": "tutor", "real_name": "Tutor Sample"}


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run `python -m rehearsal`; gives the process and the address it prints."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rehearsal", "--port", "0", *arguments, cwd=PAGE.parent.parent, stdout=subprocess.PIPE
    )
    try:
        assert running.stdout is not None
        line = (await running.stdout.readline()).decode()
        yield running, line.removeprefix("Rehearsal is ready: ").strip()
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_page_is_served_with_a_policy_that_lets_nothing_in_from_elsewhere():
    async with rehearsal() as session, session.get("/") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'"


async def test_every_file_the_page_and_its_modules_name_is_served():
    async with rehearsal() as session:
        wanted, served = ["/"], {}
        while wanted:
            path = wanted.pop()
            async with session.get(path) as answer:
                served[path] = answer.status
                text = await answer.text()
            named = re.findall(r'(?:src|href)="(/[^"]+)"', text) if path == "/" else []
            named += [f"/page/{name}" for name in re.findall(r'from "\./([^"]+)"', text)]
            wanted += [name for name in named if name not in served and name not in wanted]
    assert set(served.values()) == {200}
    assert {path.removeprefix("/page/") for path in served} - {"/"} == {
        file.name for file in PAGE.iterdir() if file.name != "index.html"
    }


def test_page_names_no_address_but_its_own():
    named = {
        address
        for file in PAGE.iterdir()
        for address in re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]+[^\s\"'`)]*", file.read_text(encoding="utf-8"))
    }
    # The name of the SVG format is an address that nobody fetches.
    assert named == {"http://www.w3.org/2000/svg"}


def test_page_makes_no_element_from_text():
    unsafe = {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style="}
    found = {word for file in PAGE.iterdir() for word in unsafe if word in file.read_text(encoding="utf-8")}
    assert found == set()


async def test_both_networks_and_the_controls_share_one_address():
    async with rehearsal() as session:
        async with session.get(f"{BOT_API}/getMe") as answer:
            assert (await answer.json())["ok"] is True
        async with session.post("/api/auth.test", headers={"Authorization": "Bearer xoxb-rehearsal"}) as answer:
            assert (await answer.json())["ok"] is True
        async with session.get("/control/health") as answer:
            assert await answer.json() == {"ok": True}


async def test_people_and_messages_survive_a_restart_with_a_state_file(tmp_path: Path):
    state = tmp_path / "rehearsal.sqlite"
    async with rehearsal(state=state) as session:
        await session.put("/phone/people", json=[BRYN])
        await session.put("/workspace/people", json=[TUTOR])
        await session.post("/phone/11/text", json={"text": "/start"})
    async with rehearsal(state=state) as session:
        async with session.get("/phone/11/messages") as answer:
            assert [message["text"] for message in (await answer.json())["messages"]] == ["/start"]
        async with session.get("/workspace/people") as answer:
            assert [person["id"] for person in await answer.json()] == ["U1"]


async def test_nothing_is_remembered_without_a_state_file():
    async with rehearsal() as session:
        await session.put("/phone/people", json=[BRYN])
    async with rehearsal() as session, session.get("/phone/people") as answer:
        assert await answer.json() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_process_ends_cleanly_with_a_stream_a_long_poll_and_a_socket_open(number: signal.Signals):
    async with process() as (running, base), aiohttp.ClientSession(base) as session:
        stream = await session.get("/control/events")
        poll = asyncio.create_task(session.get(f"{BOT_API}/getUpdates", params={"timeout": "50"}))
        async with session.post(
            "/api/apps.connections.open", headers={"Authorization": f"Bearer {SLACK_APP_TOKEN}"}
        ) as answer:
            socket = await session.ws_connect((await answer.json())["url"])
        assert (await socket.receive_json())["type"] == "hello"
        running.send_signal(number)
        # Far less than the 50 s of the poll and the 60 s a server is patient by default.
        async with asyncio.timeout(10):
            assert await running.wait() == 0
        assert (await stream.content.read()).endswith(b"event: closing\ndata: {}\n\n")
        await asyncio.gather(poll, return_exceptions=True)
        await socket.close()


async def test_port_that_is_taken_is_given_up_with_all_that_was_begun():
    first = await start(web.Application(), 0)
    try:
        ended: list[web.Application] = []
        second = web.Application()

        async def end(app: web.Application) -> None:
            ended.append(app)

        second.on_cleanup.append(end)
        with pytest.raises(OSError, match="address already in use"):
            await start(second, first.addresses[0][1])
        assert ended == [second]
    finally:
        await first.cleanup()


async def test_port_that_is_taken_is_said_in_a_sentence():
    async with process() as (_, base):
        port = base.rstrip("/").rpartition(":")[2]
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rehearsal", "--port", port, cwd=PAGE.parent.parent, stderr=subprocess.PIPE
        )
        _, said = await second.communicate()
    assert second.returncode == 1
    assert said.decode() == f"Port {port} cannot be used (address already in use). Choose another with --port.\n"


async def test_state_that_is_no_database_is_said_in_a_sentence(tmp_path: Path):
    broken = tmp_path / "rehearsal.sqlite"
    broken.write_text("This is a letter, and it is long enough to be none of SQLite's files. " * 20, encoding="utf-8")
    second = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rehearsal",
        "--port",
        "0",
        "--state",
        str(broken),
        cwd=PAGE.parent.parent,
        stderr=subprocess.PIPE,
    )
    _, said = await second.communicate()
    assert second.returncode == 3
    assert said.decode() == "The file given with --state cannot be used. Choose another, or none.\n"


async def test_state_that_can_only_be_read_is_said_before_anybody_uses_it(tmp_path: Path, bound: tuple[str, ...]):
    state = tmp_path / "rehearsal.sqlite"
    Book(state).close()
    state.chmod(0o400)
    command = [*bound, sys.executable, "-m", "rehearsal", "--port", "0", "--state", str(state)]
    second = await asyncio.create_subprocess_exec(*command, cwd=PAGE.parent.parent, stderr=subprocess.PIPE)
    try:
        # Else it would serve until it is told to end.
        async with asyncio.timeout(20):
            _, said = await second.communicate()
    finally:
        if second.returncode is None:
            second.kill()
    assert second.returncode == 3
    assert said.decode() == "The file given with --state cannot be used. Choose another, or none.\n"
