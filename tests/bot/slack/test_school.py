"""The head's errands: pressed on the Home tab, they come as direct messages, through the stand-in Slack."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session

from conversations.bank import LATEST
from store.tables import CheckIn, Pupil, Wave
from tests.bot.slack_office import Office, office
from tests.bot.slack_school import NOW, SmallSchool


def a_week_ago(here: SmallSchool) -> None:
    """A closed wave of a week ago that twelve pupils of 7A answered."""

    def write(session: Session) -> None:
        opened = NOW - timedelta(days=7)
        wave = Wave(
            school_id=here.school.id,
            day="2026-11-03",
            number=0,
            opens_at=opened,
            closes_at=opened + timedelta(hours=6),
            bank_version=LATEST,
            state="closed",
        )
        session.add(wave)
        session.flush()
        for number in range(12):
            pupil = Pupil(
                school_id=here.school.id,
                mis_key=here.sealer.blind("mis", f"more{number}"),
                group_id=here.groups["7A"],
                phase="older",
                status="active",
            )
            here.sealer.write(pupil, "name", f"Pupil Example{number}")
            session.add(pupil)
            session.flush()
            session.add(
                CheckIn(
                    school_id=here.school.id,
                    wave_id=wave.id,
                    pupil_id=pupil.id,
                    group_id=pupil.group_id,
                    bank_version=LATEST,
                    phase="older",
                    state="answered",
                    opened_at=opened,
                )
            )

    here.work(write)


async def press_on_home(here: Office, user: str, action: str) -> None:
    await here.rig.ask("POST", f"/workspace/{user}/home/open")
    home = await here.home(user)
    assert (await here.rig.click(user, view_id=home["id"], action_id=action))["acked"] is True


async def message(here: Office, user: str) -> dict[str, Any]:
    # Drawing takes seconds on a busy machine.
    for _ in range(12):
        try:
            found = await here.soon(lambda: here.messages(user))
        except TimeoutError:
            continue
        return dict(found[-1])
    raise TimeoutError


async def test_the_year_comes_as_four_pictures_that_are_told_in_words(engine: Engine):
    async with office(engine, "socket") as here:
        a_week_ago(here.school)
        await press_on_home(here, "U0LEAD", "school_show")
        assert await here.modal("U0LEAD") == (
            "It is being put together, and comes as a message from Earshot in a minute."
        )
        sent = await message(here, "U0LEAD")
        assert [file["name"] for file in sent["files"]] == ["school.png", "trends.png", "answering.png", "nudges.png"]
        assert all(file["alt_txt"] for file in sent["files"])
        assert sent["text"].startswith("The last twelve months in pictures.")
        async with here.rig.session.get(f"{here.rig.base}/workspace/files/{sent['files'][0]['id']}") as answer:
            assert Image.open(BytesIO(await answer.read())).format == "PNG"
        assert [action for action in here.school.audited() if action == "read school view"] == ["read school view"]


async def test_before_the_first_closed_wave_it_says_that_there_is_nothing_yet(engine: Engine):
    async with office(engine, "socket") as here:
        await press_on_home(here, "U0LEAD", "school_show")
        sent = await message(here, "U0LEAD")
        assert sent["blocks"][0]["text"]["text"] == "Nothing to show yet"


async def test_impact_comes_as_a_card(engine: Engine):
    async with office(engine, "socket") as here:
        await press_on_home(here, "U0LEAD", "impact_show")
        sent = await message(here, "U0LEAD")
        assert sent["blocks"][0]["text"]["text"] == "Did acting help?"
        assert sent["blocks"][1]["text"]["text"] == (
            "Too little to go by yet: 0 nudges are eight weeks old. It takes 10 pairs of like pupils."
        )


async def test_what_goes_wrong_is_said_in_a_message(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    # A machine on which no process can be started.
    monkeypatch.setattr("sys.executable", "/no/such/python")
    async with office(engine, "socket") as here:
        a_week_ago(here.school)
        await press_on_home(here, "U0LEAD", "school_show")
        sent = await message(here, "U0LEAD")
        assert sent["blocks"][0]["text"]["text"] == "It could not be put together"


async def test_a_tutor_has_no_such_button_and_a_forged_press_shows_nothing(engine: Engine):
    async with office(engine, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        assert "school_show" not in str(home)
        place = {"view_id": home["id"], "action_id": "school_show", "value": "recent", "force": True}
        await here.rig.click("U0TUTOR", **place)
        assert await here.modal("U0TUTOR") == "This is not there any more, or it is not yours to see."
        assert await here.messages("U0TUTOR") == []
