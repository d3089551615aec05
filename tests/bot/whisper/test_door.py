"""The desk's door: a socket of the process that has the seat, whichever of two came last."""

import socket
from pathlib import Path

from bot.whisper.door import DeskDoor, door_of
from bot.whisper.parts import Parts


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
