"""`earshot retention`: shown, set within limits, tried without deleting."""

from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from store.tables import School
from tests.bot.commands.test_keys import names, people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made

__all__ = ["_as_before", "earshot", "made", "people"]


def clocks() -> dict[str, int]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found: dict[str, int] = session.exec(select(School)).one().policy.get("retention", {})
    engine.dispose()
    return found


def test_clocks_are_shown_and_set_one_by_one(people: Earshot) -> None:
    assert "│ words │ 365 │ words typed with a check-in │" in people("retention").out
    told = people("retention", "--set", "words=180", "--set", "leavers=90")
    assert ("│ words │ 180 │" in told.out, "│ leavers │ 90 │" in told.out) == (True, True)
    people("retention", "--set", "words=200")
    assert clocks() == {"words": 200, "leavers": 90}


def test_a_clock_that_is_wrong_sets_none(people: Earshot) -> None:
    for words in ("words", "words=soon", "words=1", "secrets=9"):
        assert people("retention", "--set", "leavers=90", "--set", words).status == 1
    assert people("retention", "--set", "words=1").err == "Words can be kept from 14 to 3,650 days."
    assert clocks() == {}


def test_a_dry_run_deletes_nothing(people: Earshot) -> None:
    assert people("retention", "--dry-run").out.endswith("A purge now would delete: nothing.")
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
