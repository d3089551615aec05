"""The main job while the networks misbehave: everything arrives, and no answer is counted twice."""

import asyncio

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from store.sealing import Sealer
from store.tables import CheckIn, Flag, Wave
from tests.end_to_end.rig import WAYS, Phone, Way, World, eventually, world

POLLING, WEBHOOK = WAYS
CASES = [*((POLLING, mode) for mode in ("429", "5xx", "drop", "duplicate", "all")), (WEBHOOK, "drop"), (WEBHOOK, "all")]


def kept(earshot: World) -> tuple[list[int], int]:
    """Read what the store holds of the wave just opened: how many items each answered check-in has, and the flags."""
    with Session(earshot.engine) as session:
        wave = session.exec(select(Wave).order_by(col(Wave.number).desc())).first()
        assert wave is not None
        answered = session.exec(select(CheckIn).where(CheckIn.wave_id == wave.id, CheckIn.state == "answered")).all()
        given = [earshot.sealer.read(check_in, "answers") for check_in in answered]
        assert all(len({item for item, _, _ in answers}) == len(answers) for answers in given)
        return [len(answers) for answers in given], len(session.exec(select(Flag)).all())


@pytest.mark.parametrize(("way", "mode"), CASES)
async def test_main_path_ends_right_with_fault(engine: Engine, sealer: Sealer, way: Way, mode: str):
    async with world(engine, sealer, way) as earshot:
        await earshot.misbehave(mode)
        await earshot.open_wave()
        asked = [Phone(earshot, person) for person in earshot.people.pupils if person.started]
        await asyncio.gather(*(phone.question(1) for phone in asked))

        phone, tutor = earshot.near_pupil(), earshot.tutor()
        await phone.check_in(low=True)
        card = await tutor.reads("a change in pattern")

        async def taken() -> bool:
            # Slack delivers a press once; where nothing comes of it, a person presses again.
            if not await tutor.cards(f"Taken by {tutor.person.name}."):
                await tutor.press_as_it_was(card, "I’ll take this")
                await asyncio.sleep(0.1)
            return bool(await tutor.cards(f"Taken by {tutor.person.name}."))

        await eventually(taken, "the nudge taken")
        await earshot.next_school_day()
        await earshot.next_school_day()
        await tutor.reads("9A: check-in closed", "1 of 4 answered.")
        assert kept(earshot) == ([5], 1)
        # A post to Slack whose answer was lost is found there, and not sent again.
        assert len(await tutor.cards("a change in pattern")) == 1
        assert len(await tutor.cards("9A: check-in closed")) == 1
