"""`earshot one-to-ones`: started once a term, with leaders named or kept; who is left out is said, and why."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from scheduling.calendar import SchoolCalendar, Term
from store.tables import School
from tests.bot.commands.test_away import TESS
from tests.bot.commands.test_care import actions, school
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made

__all__ = ["_as_before", "earshot", "made", "people"]


def with_terms(*terms: Term) -> None:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        row = session.exec(select(School)).one()
        row.calendar = SchoolCalendar("Europe/London", "ENG", terms).to_json()
        session.add(row)
        session.commit()
    engine.dispose()


def test_pairs_are_made_once_and_who_has_nobody_is_said(made: Earshot, people: None) -> None:
    today = datetime.now(UTC).date()
    with_terms(Term("Term", today - timedelta(days=20), today + timedelta(days=20)))
    told = made("one-to-ones", "start", "--leader", "nobody@fernhill.example")
    assert told.err == "No member of staff here has the address nobody@fernhill.example. Look it up in your list."
    told = made("one-to-ones", "start", "--leader", TESS)
    assert told.status == 0
    assert "Nobody for Tess Tolling: there is no senior leader but themselves." in told.out
    assert [one for one in actions() if "one-to-one" in one] == ["one-to-ones started"]
    assert len(school().policy["leaders"]) == 1
    assert made("one-to-ones", "status").out.endswith("0 have a time.")


def test_without_term_dates_there_is_nothing_to_start(made: Earshot, people: None) -> None:
    with_terms()
    for command in ("start", "status"):
        told = made("one-to-ones", command)
        assert (told.status, told.err) == (
            1,
            "The school has no term dates ahead. Run `earshot calendar FILE.ics` first.",
        )
