"""Rehearsing: what is wrong is said before anything is made."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from benchmarks.stage import free_port
from bot.rehearsing import RehearsalProblem, check_ports, start_networks, stop_networks
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
