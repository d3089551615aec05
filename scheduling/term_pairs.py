"""How single days in a school's calendar (“Term starts”, “Break up for half-term”) become terms and days off.

Many schools publish the edges of a stretch rather than the stretch. Edges are paired in order of date; one without a
partner is listed as not understood, because half a term cannot be guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from scheduling.calendar import Closure, Term
from scheduling.term_words import Meaning, term_name

_DAY: Final = timedelta(days=1)
_SHORTEST_TERM: Final = timedelta(days=5)
_LONGEST_TERM: Final = timedelta(days=200)
_LONGEST_BREAK: Final = timedelta(days=100)
_STAGGERED: Final = timedelta(days=10)
"""How long after the first pupils the last ones may begin a term."""
_NEAR: Final = timedelta(days=4)
"""How far an edge may lie from a stretch it belongs to: a weekend and a bank holiday."""


@dataclass(frozen=True)
class Dated:
    """A start or an end on the school's own clock; `whole` when the file names the day and no time of it."""

    at: datetime
    whole: bool


@dataclass(frozen=True)
class Mark:
    """A day that is one edge of a term or of days off."""

    title: str
    day: date
    meaning: Meaning


@dataclass(frozen=True)
class Unread:
    """An event nothing was taken from: its first day if that could be read, its title, and why in a few words."""

    first: date | None
    title: str
    why: str

    def __str__(self) -> str:
        return f"{self.first or 'no date'}: {self.title} ({self.why})"


def terms_of(marks: Sequence[Mark], spans: Sequence[Term], unread: list[Unread]) -> list[Term]:
    """The terms that first and last days make in pairs; days on the edge of a span agree with it and add nothing."""
    edges = {term.first for term in spans} | {term.last for term in spans}
    terms: list[Term] = []
    opened: Mark | None = None
    for mark in _in_order(marks, "term"):
        if mark.day in edges or (terms and mark.meaning.edge == "last" and mark.day == terms[-1].last):
            continue
        if mark.meaning.edge == "first":
            if opened is None:
                opened = mark
            elif mark.day - opened.day <= _STAGGERED:
                if mark.day != opened.day:
                    unread.append(Unread(mark.day, mark.title, f"the term had begun on {opened.day}"))
            else:
                unread.append(Unread(opened.day, opened.title, "no last day of this term was found"))
                opened = mark
        elif opened is None or not _SHORTEST_TERM <= mark.day - opened.day <= _LONGEST_TERM:
            unread.append(Unread(mark.day, mark.title, "no first day of this term was found"))
        else:
            terms.append(Term(_name(opened, mark), opened.day, mark.day))
            opened = None
    if opened is not None:
        unread.append(Unread(opened.day, opened.title, "no last day of this term was found"))
    return terms


def closures_of(marks: Sequence[Mark], spans: Sequence[Closure], unread: list[Unread]) -> list[Closure]:
    """The half-terms and holidays that days before, first, last and after make in pairs."""
    return [*_breaks(marks, spans, "half_term", unread), *_breaks(marks, spans, "closed", unread)]


def only_apart(terms: Sequence[Term], warnings: list[str]) -> list[Term]:
    """The terms of a file in order and without overlap, with a warning for each left out.

    Two or more terms within a longer one are its halves and are kept in its place; any other overlap keeps the longer.
    """
    distinct = list({(term.first, term.last): term for term in reversed(terms)}.values())
    wholes = [
        whole
        for whole in distinct
        if sum(whole.first <= part.first and part.last <= whole.last for part in distinct if part is not whole) > 1
    ]
    kept: list[Term] = []
    # The longest first, so that what is kept never depends on the order of the file.
    for term in sorted(distinct, key=lambda term: (term in wholes, term.first - term.last, term.first)):
        clash = next((other for other in kept if term.first <= other.last and other.first <= term.last), None)
        if clash is None:
            kept.append(term)
        else:
            warnings.append(
                f"“{term.name}” ({term.first} to {term.last}) was not used: it overlaps with “{clash.name}”."
            )
    return sorted(kept, key=lambda term: term.first)


def _breaks(
    marks: Sequence[Mark], spans: Sequence[Closure], kind: Literal["half_term", "closed"], unread: list[Unread]
) -> list[Closure]:
    same = [span for span in spans if span.kind == kind]
    breaks: list[Closure] = []
    opened: Mark | None = None
    for mark in _in_order(marks, kind):
        if any(span.first - _NEAR <= mark.day <= span.last + _NEAR for span in same):
            continue
        if mark.meaning.edge in ("first", "eve"):
            if opened is not None:
                unread.append(Unread(opened.day, opened.title, "no end of these days off was found"))
            opened = mark
            continue
        first = None if opened is None else opened.day + (_DAY if opened.meaning.edge == "eve" else 0 * _DAY)
        last = mark.day - (_DAY if mark.meaning.edge == "return" else 0 * _DAY)
        if opened is None or first is None or not first <= last <= first + _LONGEST_BREAK:
            unread.append(Unread(mark.day, mark.title, "no beginning of these days off was found"))
        else:
            breaks.append(Closure("Half-term" if kind == "half_term" else opened.title, first, last, kind))
            opened = None
    if opened is not None:
        unread.append(Unread(opened.day, opened.title, "no end of these days off was found"))
    return breaks


def _in_order(marks: Sequence[Mark], kind: str) -> list[Mark]:
    return sorted(
        (mark for mark in marks if mark.meaning.kind == kind),
        key=lambda mark: (mark.day, mark.meaning.edge in ("last", "return"), mark.title),
    )


def _name(opened: Mark, closed: Mark) -> str:
    named = [name for name in (term_name(opened.title), term_name(closed.title)) if name != "Term"]
    return f"{named[0] if named else 'Term'} from {opened.day.isoformat()}"
