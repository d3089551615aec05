"""The adults in a pupil's conversation: whom they may ask for, what those answer, and whom the pupil names as go-tos.

A step is told who they are by the runner, which reads it only for events that need it: `conversations.router.needs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Need = Literal["nobody", "mine", "everyone"]
Soon = Literal["today", "week"]
LEADS = "leads"


@dataclass(frozen=True)
class Adult:
    """A member of staff as a pupil meets them: an id in hexadecimal, and the name they go by."""

    id: str
    name: str


@dataclass(frozen=True)
class Away:
    """An adult (an id in hexadecimal) who is away for long, and the school day on which they should be back."""

    id: str
    back: date


@dataclass(frozen=True)
class Adults:
    """The adults around one pupil.

    `gotos` stand by place, None where nobody does; `for_now` is whom the pupil named until one of them is back. `leads`
    says whether there is anybody at all to tell in the end. `everyone` are those who can be named, by surname; `found`
    those whose name is like the words just typed, the likest first. Both are empty unless needed. `away` are those of
    all these who are away for long.
    """

    gotos: tuple[Adult | None, Adult | None] = (None, None)
    tutor: Adult | None = None
    leads: bool = True
    everyone: tuple[Adult, ...] = ()
    found: tuple[Adult, ...] = ()
    for_now: Adult | None = None
    away: tuple[Away, ...] = ()

    def askable(self) -> tuple[Adult, ...]:
        """Give those whom the pupil may ask for: go-tos, then their tutor, each once; nobody who is away for long."""
        everyone = dict.fromkeys(one for one in (*self.gotos, self.for_now, self.tutor) if one is not None)
        return tuple(one for one in everyone if not self.is_away(one))

    def is_away(self, adult: Adult) -> bool:
        """Say whether an adult is away for long."""
        return any(one.id == adult.id for one in self.away)

    def is_goto(self, adult: Adult) -> bool:
        """Say whether an adult is one of the two, by whichever name they are shown."""
        return any(one is not None and one.id == adult.id for one in self.gotos)

    def misses_one(self) -> bool:
        """Say whether one of the go-tos is away for long: until then one more may be named."""
        return any(one is not None and self.is_away(one) for one in self.gotos)

    def for_now_of(self) -> tuple[Adult, ...]:
        """Give those who can be named for now: neither one of the two already, nor away for long as well."""
        return tuple(one for one in self.everyone if not self.is_goto(one) and not self.is_away(one))


NO_ADULTS = Adults()


# --- what happens in school -------------------------------------------------------------------------------------------

Answered = Literal["today", "tomorrow", "later", "passed", "asked again", "unanswered"]


@dataclass(frozen=True)
class AdultAnswered:
    """An adult answered a wish to talk, or did not in time ("unanswered": nobody has).

    `name` will find the pupil today, tomorrow or on the next school day ("later"); or cannot ("passed"), or had it too
    long ("asked again"): then `other` is who is asked next, "" for the safeguarding leads. `changed` when they had said
    something else before, `danger` when the pupil is not to wait for it.
    """

    answer: Answered
    name: str
    other: str = ""
    changed: bool = False
    danger: bool = False


@dataclass(frozen=True)
class MetAsked:
    """The school day after an adult was to find the pupil: did it happen? `request` is an id, `promise` counts."""

    request: str
    promise: int
    name: str


@dataclass(frozen=True)
class GoTosAsked:
    """The school asks every pupil to name two go-tos; `reminder` for the one that follows."""

    reminder: bool = False


@dataclass(frozen=True)
class GoToGone:
    """An adult can be this pupil's go-to no more; `other` is the name of the one who still is, or ""."""

    place: int
    name: str
    other: str = ""


@dataclass(frozen=True)
class GoToAway:
    """A go-to is away for long, and should be back on a school day; `other` is who is asked first meanwhile, or ""."""

    name: str
    back: date
    other: str = ""


@dataclass(frozen=True)
class GoToBack:
    """A go-to who was away for long is here again."""

    name: str


@dataclass(frozen=True)
class NobodyReached:
    """What the pupil asked for has arrived at nobody yet: the way to staff is out of order."""

    danger: bool


FromAdults = AdultAnswered | MetAsked | GoTosAsked | GoToGone | GoToAway | GoToBack | NobodyReached


# --- what to do -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NameGoTo:
    """Note that the pupil names this adult (an id in hexadecimal) as their first or second go-to, or for now (3)."""

    place: int
    adult: str


@dataclass(frozen=True)
class SayIfMet:
    """Note whether an adult who said they would has found the pupil."""

    request: str
    promise: int
    met: bool
