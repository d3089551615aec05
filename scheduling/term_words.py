"""What titles in a school's published calendar mean: a term, a half-term, an INSET day, a closure, or none of these.

Schools word the same thing in many ways (“Term starts”, “Pupils return”, “Break up for half-term”, “Staff training”),
and publish it among concerts and parents' evenings. The rules are here as data, in the order in which they are tried. A
title that only may be about term dates is left to a person: a day wrongly taken for a holiday would go unnoticed.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["term", "half_term", "inset", "closed"]
Edge = Literal["span", "first", "last", "eve", "return"]

NOT_TERM_DATES: Final = "not about term dates"
SOME_YEARS: Final = "for some of the school only"

_SEASON = r"(?:autumn|winter|spring|summer|michaelmas|lent|trinity|hilary|easter|advent|fall|hydref|gwanwyn|haf)"
_NUMBER = r"(?:[1-6]|one|two|three|four|five|six)"
_TERM = rf"(?:(?:{_SEASON} )?(?:term|tymor)(?: {_NUMBER}(?! \d))?|{_SEASON} [12])"
_YEAR = r"(?:school|academic) year"
_BEGINS = r"(?:begins?|starts?|commences?|opens?|resumes?|restarts?|starting)"
_ENDS = r"(?:ends?|finish(?:es)?|closes?|concludes?)"
_PUPILS = r"(?:pupils?|students?|children|whole school|all years|everyone|school)"
_BREAK = (
    r"(?:holidays?|hols|vacation|gwyliau\w*"
    r"|(?:christmas|xmas|festive|easter|summer|winter|spring|autumn|october|february|new year) (?:break|closure))"
)
_FEAST = r"(?:christmas|xmas|easter|summer|winter|nadolig|pasg|(?:the )?(?:\w+ )?(?:holidays?|break|vacation))"
_HALF = r"(?:half ?terms?|mid ?term|hanner tymor)"

_SOME_OF_SCHOOL = re.compile(
    r"\b(?:(?:years?|yrs?|y) ?(?:1[0-3]|[1-9])|year [rn]|[ps] ?[1-7]|primary [1-7]|ks ?[1-5]|key stage|sixth form"
    r"|6th form|reception|nursery|early years|eyfs|boarders|boarding|induction|new (?:pupils|students)|leavers"
    r"|for staff|staff return)\b"
)
_OTHER_EVENT = re.compile(
    r"\b(?:concerts?|assembl(?:y|ies)|reports?|evenings?|fairs?|fayres?|disco|trips?|visits?|meetings?|photos?|exams?"
    r"|mocks?|clubs?|camps?|(?<!in )service|party|lunch|dinner|deadlines?|applications?|tickets?|uniform|sale|pta"
    r"|match|fixtures?|twilight|revision|payments?|fees?|performances?|production|reviews?|homework|projects?"
    r"|timetable|newsletter|letters?|bookings?|show|play|rehearsals?|options|interviews?|open day|parents|carers"
    r"|workshops?|sessions?|course|tours?|residential|ski|wraparound|childcare|office|library|pool|canteen|kitchen"
    r"|menu|mufti|coffee|prizes?|awards?|celebrations?|bbq|picnic|early (?:finish|closure|close|closing)|mass|carols?"
    r"|art|jumper|governors?|noon|\d* ?pm)\b"
)
_CERTAIN = re.compile(
    rf"^(?:(?:first|1st|last|final) (?:school )?day of (?:the )?(?:{_TERM}|{_YEAR})"
    rf"|{_TERM} (?:{_BEGINS}|{_ENDS})|(?:end|start|beginning) of {_TERM}$)"
)
"""Titles that name the first or last day of a term whatever follows (“Last day of term, own clothes”)."""

_WORDS: Final[tuple[tuple[Kind, Edge, str], ...]] = (
    # "Half term 3" and "first half term" are halves of teaching, not weeks off.
    ("term", "span", rf"^(?:{_SEASON} )?(?:(?:first|second|1st|2nd) half ?term|(?:half ?term|ht) ?[1-6])$"),
    (
        "inset",
        "span",
        r"insets?|in set|in ?service days?|in ?service|training days?|staff (?:training|development)"
        r"|staff days?|teachers? training|[cp]pd days?|pd days?|professional (?:development|learning)"
        r"|staff only|non pupil|pupil free|student free|baker days?|development days?|hms",
    ),
    (
        "half_term",
        "eve",
        rf"(?:breaks?|breaking) up .*{_HALF}|last day .*(?:before|for) .*{_HALF}|last day before {_HALF}"
        rf"|(?:close[sd]?|finish(?:es)?|ends?) (?:for|before) (?:\w+ )?{_HALF}",
    ),
    (
        "half_term",
        "return",
        rf"(?:returns?|back|re ?opens?|resumes?|restarts?|first day|{_BEGINS}) .*(?:after|from|following) .*{_HALF}"
        rf"|{_HALF} .*(?:return|back to school)",
    ),
    ("half_term", "first", rf"{_HALF}(?: holidays?| break)? {_BEGINS}|(?:start|first day) of (?:\w+ )?{_HALF}"),
    ("half_term", "last", rf"{_HALF}(?: holidays?| break)? {_ENDS}|(?:end|last day) of (?:\w+ )?{_HALF}"),
    ("half_term", "span", _HALF),
    (
        "closed",
        "span",
        r"(?:bank|public|local) holiday|good friday|easter monday|may day|christmas day|boxing day|new years day"
        r"|st (?:andrews|patricks|davids) day|gwyl y banc",
    ),
    (
        "term",
        "last",
        rf"(?:breaks?|breaking) up|{_TERM} {_ENDS}|end of (?:the )?(?:{_TERM}|{_YEAR})|{_YEAR} {_ENDS}"
        rf"|(?:last|final) (?:school )?day (?:of|for|in) (?:the )?(?:{_TERM}|{_YEAR}|school|{_PUPILS})"
        rf"|(?:last|final) (?:school )?day before {_FEAST}|school {_ENDS} for {_FEAST}|diwedd y? ?tymor",
    ),
    (
        "term",
        "first",
        rf"{_TERM} {_BEGINS}|(?:start|beginning) of (?:the )?(?:new )?(?:{_TERM}|{_YEAR})|{_YEAR} {_BEGINS}"
        rf"|(?:first|1st) (?:school )?day (?:of|for|in) (?:the )?(?:new )?(?:{_TERM}|{_YEAR}|school|{_PUPILS})"
        rf"|first day back|(?:return|back) to school|{_PUPILS} (?:returns?|back|re ?opens?|resumes?)"
        rf"|{_TERM} {_PUPILS} return|dechraur? tymor",
    ),
    ("closed", "first", rf"{_BREAK} {_BEGINS}|(?:start|first day) of (?:the )?(?:\w+ )?{_BREAK}"),
    ("closed", "last", rf"{_BREAK} {_ENDS}|(?:end|last day) of (?:the )?(?:\w+ )?{_BREAK}"),
    ("closed", "span", _BREAK),
    (
        "closed",
        "span",
        r"(?:school|academy|college) (?:is |will be )?(?:closed|closure|shut)|closed (?:to|for) (?:all )?"
        r"(?:pupils|students|children)|no school|occasional day|(?:exceptional )?closure day|snow day|polling day"
        r"|ysgol ar gau|^closed$",
    ),
    ("term", "span", _TERM),
)
_RULES: Final = tuple((kind, edge, re.compile(rf"\b(?:{words})\b")) for kind, edge, words in _WORDS)


@dataclass(frozen=True)
class Meaning:
    """What a title says its dates are.

    A `span` is all of the stretch. Of a term, `first` and `last` are its own days. Of days off, `first` and `last` are
    the first and last of them, `eve` is the last day in school before, and `return` the first one back.
    """

    kind: Kind
    edge: Edge


def meaning_of(title: str) -> Meaning | str:
    """What a title means, or a few words on why nothing can be taken from it."""
    words = _plain(title)
    if _SOME_OF_SCHOOL.search(words):
        return SOME_YEARS
    if _OTHER_EVENT.search(words) and not _CERTAIN.search(words):
        return NOT_TERM_DATES
    for kind, edge, pattern in _RULES:
        if pattern.search(words):
            return Meaning(kind, edge)
    return NOT_TERM_DATES


def term_name(title: str) -> str:
    """The name of a term as far as the title of its first or last day gives it: “Autumn term”, “Term 3”, or “Term”."""
    found = re.search(rf"\b{_TERM}\b", _plain(title))
    return found.group().capitalize() if found else "Term"


def _plain(title: str) -> str:
    """A title in lower case without accents, signs and calendar years, its words one space apart."""
    letters = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(c for c in letters if not unicodedata.combining(c) and c not in "'’‘`")
    words = " ".join(re.sub(r"[\W_]+", " ", letters).split())
    return " ".join(re.sub(r"\b(?:19|20)\d\d(?: \d\d)?\b", " ", words).split())
