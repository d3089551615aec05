"""The desk's door: a socket of the process that has the seat, whichever of two came last."""

import asyncio
import socket
from pathlib import Path

import pytest
from sqlmodel import Session, select
from structlog.testing import capture_logs

from benchmarks.whisper_town import Town
from bot.whisper.desk import lead_of
from bot.whisper.door import DeskDoor, door_of, knock_at
from bot.whisper.parts import Parts
from store import whisper_lock
from store.tables import Staff


class NoParts(Parts):
    """Nobody comes in, so nothing is needed."""

    def __init__(self) -> None:
        pass


async def test_a_process_that_lost_its_seat_leaves_the_door_of_the_one_that_took_over(tmp_path: Path):
    path = door_of(tmp_path)
    former, follower = DeskDoor(NoParts(), path), DeskDoor(NoParts(), path)
    await former.start()
    await follower.start()
    await former.close()
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(str(path))
    await follower.close()
    assert not path.exists()


async def test_desk_opens_by_its_passphrase_and_after_many_tries_not_even_by_that(town: Town, tmp_path: Path):
    with Session(town.engine) as session:
        who = lead_of(session, town.sealer, town.school, session.exec(select(Staff)).first()).reader
    whisper_lock.lock(town.whispers, whisper_lock.new_recovery())
    whisper_lock.choose_passphrase(town.whispers, who, "correct horse battery staple")
    path = door_of(tmp_path)
    door = DeskDoor(town.parts, path)
    await door.start()

    async def knock(words: str) -> str:
        return await asyncio.to_thread(knock_at, path, who, words)

    try:
        assert await knock("correct horse battery staple") == "open"
        assert [await knock(f"a wrong passphrase {number}") for number in range(10)] == ["wrong"] * 10
        assert await knock("correct horse battery staple") == "many"
    finally:
        await door.close()
        await door.close()


@pytest.mark.parametrize(
    "said", [b"\n", b"{}\n", b"[]\n", b'{"reader": "zz", "passphrase": "secret words"}\n', b"secret words" * 1000]
)
async def test_what_is_no_line_of_ours_opens_nothing_and_none_of_it_is_logged(tmp_path: Path, said: bytes):
    door = DeskDoor(NoParts(), door_of(tmp_path))
    await door.start()
    with capture_logs() as log:
        reader, writer = await asyncio.open_unix_connection(door_of(tmp_path))
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b"unread"
        writer.close()
    assert [(line["event"], sorted(line)) for line in log] == [("desk not opened", ["error", "event", "log_level"])]
    assert "secret" not in str(log)
    await door.close()


async def test_where_no_socket_can_be_made_earshot_starts_all_the_same(tmp_path: Path):
    # A path of a socket holds about a hundred characters.
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    door = DeskDoor(NoParts(), door_of(folder))
    with capture_logs() as log:
        await door.start()
        await door.close()
    assert [line["event"] for line in log] == ["the desk has no socket"]
    assert list(folder.iterdir()) == []
