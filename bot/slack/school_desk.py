"""What the head asks of the whole school: its year in pictures, and whether acting on nudges helped."""

from collections.abc import Callable
from typing import Final

from bot.slack.press import Done, Errand, Press, note
from conversations.cards import RECENT
from conversations.staff_school import on_its_way_card
from scheduling.briefing import WHOLE_SCHOOL
from store.guards import NotFound


def school_show(press: Press) -> Done:
    """They ask for the whole school's year in pictures: totals, so for the head and safeguarding leads."""
    return _whole_school(press, "school", "read school view")


def impact_show(press: Press) -> Done:
    """They ask whether acting on nudges helped."""
    return _whole_school(press, "impact", "read impact")


def _whole_school(press: Press, errand: Errand, action: str) -> Done:
    if press.value != RECENT or not press.viewer.active or not WHOLE_SCHOOL & set(press.viewer.roles):
        raise NotFound
    note(press, action, "school")
    return Done(modal=on_its_way_card(), errand=errand)


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {"school_show": school_show, "impact_show": impact_show}
