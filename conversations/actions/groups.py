"""Which actions suit a whole tutor group, not one pupil: those that begin with everybody."""

from conversations.actions import LATEST, Action, load

FOR_GROUPS = (
    "go-first",
    "a-slip-to-write",
    "fingers-for-words",
    "three-circles",
    "pause-before-posting",
    "make-it-fairer",
    "before-saying-yes",
    "count-to-five",
    "does-it-work-for-you",
    "no-right-answers",
    "five-quiet-minutes",
    "what-came-of-it",
)


def for_groups() -> tuple[Action, ...]:
    """Give the actions for a whole group, in the order of the library."""
    return tuple(action for action in load(LATEST).actions.values() if action.id in FOR_GROUPS)
