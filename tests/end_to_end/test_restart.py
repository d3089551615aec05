"""Stopping in the middle, as Ctrl-C does, and starting again: nothing is lost, nothing is done twice."""

import asyncio

import pytest
from sqlalchemy import Engine

from store.sealing import Sealer
from tests.end_to_end.rig import WAYS, Phone, Way, World, world


@pytest.mark.parametrize("way", WAYS)
async def test_restarts_in_the_middle_lose_nothing(engine: Engine, sealer: Sealer, way: Way):
    async with world(engine, sealer, way) as earshot:
        newcomer, code = earshot.new_pupil()
        await newcomer.write(f"/start {code}")
        await again(earshot)
        await newcomer.tap("I’ve read this: start")
        await newcomer.reads("Welcome! You are all set.")

        await earshot.open_wave()
        await again(earshot)
        asked = [Phone(earshot, person) for person in earshot.people.pupils]
        await asyncio.gather(*(phone.question(1) for phone in asked))
        assert [len(await phone.messages()) for phone in asked] == [2 if phone == newcomer else 1 for phone in asked]

        phone, tutor = earshot.near_pupil(), earshot.tutor()
        for number in range(1, 6):
            await phone.answer(number, low=True)
            if number % 2:
                await again(earshot)
        await phone.tap("Nothing to add")
        await again(earshot)
        await phone.reads("That is all for")
        card = await tutor.reads("a change in pattern")
        await tutor.press(card, "I’ll take this")
        await again(earshot)
        await tutor.reads(f"Taken by {tutor.person.name}.")
        assert len(await tutor.cards()) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_what_pupils_did_while_it_was_stopped_is_done_afterwards(engine: Engine, sealer: Sealer, way: Way):
    async with world(engine, sealer, way) as earshot:
        phone, other = earshot.near_pupil(), earshot.other_pupil()
        await earshot.open_wave()
        await phone.question(1)
        await earshot.end()
        await phone.tap("Skip")
        await other.write("I want to kill myself")
        await earshot.begin()
        await phone.question(2)
        await other.reads("If you are in danger now")
        for lead in earshot.leads():
            await lead.reads("Urgent:")


@pytest.mark.parametrize("way", WAYS)
async def test_clean_stop_is_quick(engine: Engine, sealer: Sealer, way: Way):
    async with world(engine, sealer, way) as earshot:
        await earshot.open_wave()
        await earshot.near_pupil().question(1)
        # It takes less than a tenth of a second; this much more would mean that something is waited for to the end.
        assert await earshot.end() < 10.0


async def again(earshot: World) -> None:
    """Stop and start at once, whatever is under way."""
    await earshot.end()
    await earshot.begin()
