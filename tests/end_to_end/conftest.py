"""What the end-to-end tests may ask for."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine

from store.sealing import Sealer
from tests.end_to_end.rig import World, world


@pytest.fixture
async def earshot(engine: Engine, sealer: Sealer) -> AsyncIterator[World]:
    """A whole Earshot, by polling and Socket Mode."""
    async with world(engine, sealer) as running:
        yield running
