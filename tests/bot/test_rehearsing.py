"""Rehearsing: what is wrong is said before anything is made."""

from __future__ import annotations

import asyncio
import socket
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from benchmarks.stage import free_port
from bot.opening import OnlyOne
from bot.rehearsing import RehearsalProblem, check_ports, start_networks, stay_alone, stay_beside, stop_networks
from bot.settings import Settings
from store.database import make_engine
from store.sealing import KeyProblem
from store.vault import StoreProblem
from tests.bot.test_delivery import until
from tests.bot.test_shared_seats import END_ALL, lose_all

on_postgresql = pytest.mark.only(database_url="postgresql")


@pytest.mark.parametrize("name", ["rehearsal_port", "http_port"])
def test_port_that_is_taken_is_named_with_the_setting_that_chooses_another(tmp_path: Path, name: str):
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        ports = {"rehearsal_port": free.getsockname()[1], "http_port": free.getsockname()[1]}
        ports[name] = taken.getsockname()[1]
        free.close()
        settings = Settings(data_dir=tmp_path, **ports)
        with pytest.raises(RehearsalProblem, match=f"set EARSHOT_{name.upper()} to a free port"):
            check_ports(settings)


def test_one_port_for_both_is_told_as_that(tmp_path: Path):
    port = free_port()
    with pytest.raises(RehearsalProblem) as problem:
        check_ports(Settings(_env_file=None, data_dir=tmp_path, rehearsal_port=port, http_port=port))
    assert str(problem.value) == (
        f"EARSHOT_REHEARSAL_PORT and EARSHOT_HTTP_PORT are both {port}: set one of them to another free port."
    )


async def test_the_networks_end_when_whoever_started_them_was_killed(tmp_path: Path):
    networks = await start_networks(Settings(_env_file=None, data_dir=tmp_path, rehearsal_port=free_port()))
    assert networks.stdin is not None
    # As the system does for a process that ends.
    networks.stdin.close()
    try:
        async with asyncio.timeout(20):
            assert await networks.wait() == 0
    finally:
        await stop_networks(networks)


async def test_a_file_of_the_networks_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    broken = tmp_path / "rehearsal.sqlite"
    broken.write_text("A letter, and long enough to be none of SQLite's files. " * 20, encoding="utf-8")
    with pytest.raises(RehearsalProblem) as problem:
        await start_networks(Settings(_env_file=None, data_dir=tmp_path, rehearsal_port=free_port()))
    assert str(problem.value) == (
        "The file rehearsal.sqlite, which the phones and Slack are kept in, cannot be used: see that it may be written "
        "to, or set EARSHOT_DATA_DIR to another folder for a fresh rehearsal."
    )
    assert capfd.readouterr().err == ""


# --- alone on a PostgreSQL --------------------------------------------------------------------------------------------


def let_in(engine: Engine, may: bool) -> None:
    """Let nobody into the test's database, and end whoever is in it, as while the server is away; or let them in."""
    server = make_engine(engine.url.set(database="postgres").render_as_string(hide_password=False))
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} ALLOW_CONNECTIONS {may}"))
        if not may:
            connection.execute(END_ALL)
    server.dispose()


@on_postgresql
async def test_a_rehearsal_keeps_others_out_again_after_its_server_was_away(engine: Engine, tmp_path: Path):
    settings, looked, stop = Settings(_env_file=None, data_dir=tmp_path), list[bool](), asyncio.Event()
    lock = OnlyOne(settings, engine)
    with capture_logs() as said:
        staying = asyncio.create_task(stay_alone(lock, lambda: looked.append(True), stop))
        try:
            let_in(engine, False)
            await until(lambda: len(said) == 1)
            # Long enough to look twice more: told once.
            await asyncio.sleep(2.5)
        finally:
            let_in(engine, True)
        await until(lambda: looked == [True] and len(said) == 2)
    assert [line["event"] for line in said] == ["the database cannot be reached", "the database is back"]
    other = make_engine(engine.url.render_as_string(hide_password=False))
    with pytest.raises(StoreProblem, match="already running"):
        OnlyOne(settings, other)
    other.dispose()
    stop.set()
    await staying
    lock.close()


@on_postgresql
async def test_a_rehearsal_ends_when_another_was_quicker_after_a_restart(engine: Engine, tmp_path: Path):
    settings, stop = Settings(_env_file=None, data_dir=tmp_path), asyncio.Event()
    lock, other = OnlyOne(settings, engine), make_engine(engine.url.render_as_string(hide_password=False))
    lose_all(other)
    second = OnlyOne(settings, other)
    with pytest.raises(StoreProblem, match="another Earshot has taken it since"):
        await stay_alone(lock, lambda: None, stop)
    assert stop.is_set()
    second.close()
    other.dispose()


@on_postgresql
async def test_a_rehearsal_ends_when_the_key_was_changed_while_its_server_was_away(engine: Engine, tmp_path: Path):
    def changed() -> None:
        raise KeyProblem("this key is another")

    lock, stop = OnlyOne(Settings(_env_file=None, data_dir=tmp_path), engine), asyncio.Event()
    lose_all(engine)
    with pytest.raises(KeyProblem, match="this key is another"):
        await stay_alone(lock, changed, stop)
    assert stop.is_set()
    lock.close()


# --- the stand-ins beside it ------------------------------------------------------------------------------------------


async def networks_of(folder: Path) -> Process:
    return await start_networks(Settings(_env_file=None, data_dir=folder, rehearsal_port=free_port()))


async def test_networks_that_end_by_themselves_end_the_rehearsal_with_a_sentence(tmp_path: Path):
    networks, stop = await networks_of(tmp_path), asyncio.Event()
    staying = asyncio.create_task(stay_beside(networks, stop))
    networks.kill()
    async with asyncio.timeout(20):
        await stop.wait()
    with pytest.raises(RehearsalProblem) as problem:
        await staying
    assert str(problem.value) == (
        "The rehearsal's Telegram and Slack have ended, and the page with them: start it again; nothing is lost."
    )
    await stop_networks(networks)


async def test_networks_that_are_stopped_last_are_no_problem(tmp_path: Path):
    networks, stop = await networks_of(tmp_path), asyncio.Event()
    staying = asyncio.create_task(stay_beside(networks, stop))
    stop.set()
    await staying
    assert networks.returncode is None
    await stop_networks(networks)
