"""`earshot policy anchors`: whether there are anchor rounds is shown and set, and the weeks they fall in."""

from datetime import UTC, datetime
from pathlib import Path

from tests.bot.commands.test_care import actions
from tests.bot.test_command_line import TERMS, Earshot, _as_before, earshot, made, move_clock

__all__ = ["_as_before", "earshot", "made"]
NONE = "There are no anchor rounds: each check-in has its five questions."
SOME = "Once a term, in its third week, the check-in is an anchor round: sixteen questions, the same for everybody."


def test_anchor_rounds_are_shown_turned_off_and_on_again(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    move_clock(datetime(2026, 9, 7, 9, tzinfo=UTC))
    before = actions()
    shown = made("policy", "anchors")
    assert (shown.status, shown.out) == (0, f"{SOME} Weeks from: 15 September 2026.")
    assert made("policy", "anchors", "--off").out == NONE
    assert made("policy", "anchors").out == NONE
    assert made("policy", "anchors", "--on").out == shown.out
    assert actions() == [*before, "anchor rounds off", "anchor rounds on"]


def test_where_no_term_is_ahead_that_is_said(made: Earshot) -> None:
    move_clock(datetime(2040, 1, 9, 9, tzinfo=UTC))
    assert made("policy", "anchors", "--on").out == f"{SOME} The calendar holds no term that has one ahead."
