"""Rehearsing: what is wrong is said before anything is made."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.rehearsing import RehearsalProblem, check_ports
from bot.settings import Settings


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
