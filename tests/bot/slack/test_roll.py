"""The daily roll call, against the stand-in Slack: who is gone is unlinked, and no answer changes nothing."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from bot.slack import roll as slack_roll
from bot.slack.client import make_client
from store.people import staff_by_slack
from store.tables import Audit, Cursor, Staff
from tests.bot.slack.test_sender import Post, post_office
from tests.bot.slack_school import NOW, PEOPLE, SmallSchool


class Odd(AsyncWebClient):
    """A Slack that says something of the first account which nobody has heard before."""

    async def users_info(self, *, user: str, include_locale: bool | None = None, **more: Any) -> AsyncSlackResponse:  # noqa: ANN401
        answer = await super().users_info(user=user, include_locale=include_locale, **more)
        if user == PEOPLE[0]["id"]:
            answer.data = {"ok": False, "error": "user_is_something_new"}
            raise SlackApiError("", answer)
        return answer


async def roll(
    post: Post, stopping: asyncio.Event | None = None, client: AsyncWebClient | None = None
) -> dict[str, int] | None:
    school = post.school
    client = client or make_client("xoxb-rehearsal", f"{post.rig.base}/api")
    return await slack_roll.call(
        client, school.worker, school.sealer, school.school.id, lambda: NOW, stopping or asyncio.Event(), pause=0
    )


def known(school: SmallSchool) -> list[bool]:
    """Who of the four is still let in by their Slack account."""

    def look(session: Session) -> list[bool]:
        users = [person["id"] for person in PEOPLE[:4]]
        return [staff_by_slack(session, school.sealer, school.school.id, user) is not None for user in users]

    return school.work(look)


async def test_accounts_as_they_were_stay_linked_and_the_next_call_is_a_day_off(engine: Engine):
    async with post_office(engine) as post:
        assert await roll(post) == {}
        assert known(post.school) == [True] * 4
        due = [
            post.school.work(lambda session, age=age: slack_roll.is_due(session, NOW + age))
            for age in (timedelta(hours=23), timedelta(hours=24))
        ]
        assert due == [False, True]
        assert post.school.work(lambda session: session.exec(select(Audit)).all()) == []


async def test_a_closed_account_and_another_address_are_unlinked_and_recorded(engine: Engine):
    async with post_office(engine) as post:
        closed, moved = dict(PEOPLE[0], deleted=True), dict(PEOPLE[1], email="somebody.else@fernhill.example")
        await post.rig.ask("PUT", "/workspace/people", [closed, moved])
        assert await roll(post) == {"slack account closed": 1, "slack address changed": 1}
        assert known(post.school) == [False, False, True, True]

        def recorded(session: Session) -> set[tuple[str, str]]:
            return {(row.action, row.subject) for row in session.exec(select(Audit))}

        tutor, other = post.school.staff["tutor"], post.school.staff["other"]
        assert post.school.work(recorded) == {
            ("slack account closed", f"staff:{tutor.hex}"),
            ("slack address changed", f"staff:{other.hex}"),
        }


async def test_an_account_slack_does_not_know_is_unlinked(engine: Engine):
    async with post_office(engine) as post:

        def strange(session: Session) -> None:
            staff = session.get_one(Staff, post.school.staff["lead"])
            post.school.sealer.write(staff, "slack_user", "U0NOBODY")
            session.add(staff)

        post.school.work(strange)
        assert await roll(post) == {"slack account gone": 1}


async def test_a_damaged_row_keeps_nobody_else_from_being_asked_about(engine: Engine):
    async with post_office(engine) as post:
        await post.rig.ask("PUT", "/workspace/people", [dict(PEOPLE[0], deleted=True)])

        def damage(session: Session) -> None:
            session.get_one(Staff, post.school.staff["deputy"]).email_sealed = b"damaged"

        post.school.work(damage)
        assert await roll(post) == {"slack account closed": 1}


async def test_an_account_of_which_slack_says_something_odd_keeps_nobody_else_from_being_asked_about(engine: Engine):
    async with post_office(engine) as post:
        await post.rig.ask("PUT", "/workspace/people", [dict(PEOPLE[1], deleted=True)])
        assert await roll(post, client=Odd("xoxb-rehearsal", base_url=f"{post.rig.base}/api/")) == {
            "slack account closed": 1
        }
        assert known(post.school) == [True, False, True, True]


async def test_without_an_answer_nothing_changes_and_the_call_is_due_still(engine: Engine):
    async with post_office(engine) as post:
        await post.rig.ask("PUT", "/workspace/people", [dict(PEOPLE[0], deleted=True)])
        client = make_client("xoxb-wrong", f"{post.rig.base}/api")
        school = post.school
        called = await slack_roll.call(
            client, school.worker, school.sealer, school.school.id, lambda: NOW, asyncio.Event(), pause=0
        )
        stopping = asyncio.Event()
        stopping.set()
        assert (called, await roll(post, stopping), known(school)) == (None, None, [True] * 4)
        assert (
            school.work(lambda session: session.exec(select(Cursor.name).where(col(Cursor.position) > 0)).all()) == []
        )


async def test_a_database_that_is_away_for_a_while_does_not_end_the_roll_call(engine: Engine):
    async with post_office(engine, linked=False) as post:
        school, stop = post.school, asyncio.Event()
        client = make_client("xoxb-rehearsal", f"{post.rig.base}/api")
        school.work(lambda session: session.execute(text("ALTER TABLE cursor RENAME TO elsewhere")))
        calling = asyncio.create_task(
            slack_roll.keep_calling(client, school.worker, school.sealer, school.school.id, lambda: NOW, stop, 0.01)
        )
        with capture_logs() as log:
            await until(lambda: bool(log))
        assert {line["event"] for line in log} == {"slack roll call failed"}
        school.work(lambda session: session.execute(text("ALTER TABLE elsewhere RENAME TO cursor")))
        await until(lambda: school.work(lambda session: session.exec(select(Cursor)).first() is not None))
        stop.set()
        await calling


async def until(seen: Callable[[], bool]) -> None:
    for _ in range(1000):
        if seen():
            return
        await asyncio.sleep(0.01)
    raise AssertionError
