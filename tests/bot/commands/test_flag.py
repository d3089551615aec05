"""`earshot flag explain`: the sum of a stored flag, and one sentence for whatever cannot be explained."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlmodel import Session, select

from bot.command_line import main
from bot.commands.flag import MEANING
from bot.opening import open_store
from bot.settings import Settings
from scheduling.school import facts
from signals.account import account
from signals.board import Sheet, advance, new_board
from signals.evidence import SIGNALS
from signals.flag import MODEL, bars
from signals.items import STATE, item_set, usual_item
from store import plans
from store.tables import Audit, CheckIn, Flag, School
from tests.bot.classroom import Classroom
from tests.factories import make_group, make_pupil, make_staff

ITEMS = item_set({f"{n}": (STATE, usual_item(5, 1)) for n in range(4)})


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("EARSHOT_DATA_DIR", "EARSHOT_DATABASE_URL", "EARSHOT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def earshot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["earshot", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main()
    written = capsys.readouterr()
    return " ".join(written.out.split()), " ".join(written.err.split())


def flagged(why: dict[str, object] | None = None) -> str:
    """A flag in the store of this folder; gives its id."""
    board = new_board(1)
    for _ in range(6):
        sheet = Sheet(
            np.array([[0, 1]]),
            np.array([[0, 0]]),
            np.full((1, 2), 4_000.0),
            np.ones(1),
            np.ones(1, dtype=bool),
            np.ones(1, dtype=bool),
        )
        board = advance(board, sheet, ITEMS)
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = facts(session.exec(select(School)).one())
        tutor = make_staff(session, sealer, school, "tutor")
        group = make_group(session, school, f"7B {tutor.id.hex}", 7, tutor)
        room = Classroom(session, sealer, school, tutor, tutor, group)
        check_in: CheckIn = room.check_in(make_pupil(session, sealer, school, group))
        row = Flag(
            school_id=school.id,
            pupil_id=check_in.pupil_id,
            group_id=group.id,
            check_in_id=check_in.id,
            rule=MODEL,
            raised_at=room.clock(),
        )
        sealer.write(row, "reasons", why or account(board, bars([])))
        session.add(row)
        session.commit()
        name = row.id.hex
    engine.dispose()
    return name


def test_a_flag_is_worked_out_again_without_a_name_and_audited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    earshot(monkeypatch, capsys, "init", "--name", "Fernhill School")
    out, err = earshot(monkeypatch, capsys, "flag", "explain", flagged())
    assert err == ""
    assert "The same points as when it was raised." in out
    assert ": passed." in out
    assert "0 of the four factors at an end: level priority." in out
    assert f"Model {MODEL}." in out
    assert "When raised" not in out
    assert "How things are Of late: " in out
    assert "check-ins answered." in out
    assert "low" in out
    assert MEANING.keys() == set(SIGNALS)
    assert all(name in out for name in SIGNALS)
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        assert [row.action for row in session.exec(select(Audit))] == ["read flag explained"]
    engine.dispose()


@pytest.mark.parametrize(
    ("id", "sentence"),
    [
        ("no-id", "A flag's id is 32 characters, 0 to 9 and a to f. Copy it from the audit."),
        ("0" * 32, "There is no flag of that id. Copy it from the audit, all 32 characters."),
    ],
)
def test_what_is_no_flag_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], id: str, sentence: str
):
    earshot(monkeypatch, capsys, "init", "--name", "Fernhill School")
    assert earshot(monkeypatch, capsys, "flag", "explain", id) == ("", sentence)


def test_a_flag_of_the_first_rule_cannot_be_worked_out_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    earshot(monkeypatch, capsys, "init", "--name", "Fernhill School")
    old = flagged({"low": 3, "window": 4, "baseline": 20})
    assert earshot(monkeypatch, capsys, "flag", "explain", old) == (
        "",
        "That flag was raised by the rule of version 0.1, which kept nothing to work it out from.",
    )


def test_a_summary_counts_what_became_of_nudges_and_hides_what_could_be_somebody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    earshot(monkeypatch, capsys, "init", "--name", "Fernhill School")
    ids = [flagged() for _ in range(6)]
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        for number, id in enumerate(ids):
            flag = session.get_one(Flag, UUID(id))
            flag.state = "not_needed"
            plans.judge(session, sealer, flag, "known" if number else "answers", flag.raised_at)
        session.commit()
    out, err = earshot(monkeypatch, capsys, "flag", "summary")
    told = " ".join(out.replace("│", " ").split())
    assert err == ""
    assert "not needed 6" in told
    assert "not needed Known and acted on. 5" in told
    assert "not needed The answers mislead. under 5" in told
    assert "not needed (no reason given) 0" in told
    with Session(engine) as session:
        assert [row.action for row in session.exec(select(Audit))] == ["read flag summary"]
    engine.dispose()
