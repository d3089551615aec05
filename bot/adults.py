"""The adults around a pupil, read for a step of their conversation; and names found by a part of them.

`find` takes what a pupil types ("mrs gren") and gives the names that are likest, all about as like as the best. Titles
count for nothing, and each word is held against the word of the name that it fits best: whole, or as long as it is.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from conversations.adults import Adult, Adults, Away, Need
from store import gotos
from store.people import UNNAMED, name_of, tutor_of, with_role
from store.sealing import Sealer
from store.tables import Pupil, Staff, TutorGroup

TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "sir", "madam", "prof", "professor", "the", "rev"})
# Of 100: "gren" has 89 for "green", 80 for "greene" and 75 for "grey"; "simth" has 80 for "smith".
LIKE_ENOUGH: Final = 75.0
AS_LIKE: Final = 10.0
SHOWN: Final = 8
# A name is not longer; what is, is not compared.
LONGEST: Final = 60


def adults_of(session: Session, sealer: Sealer, pupil: Pupil, need: Need, typed: str = "", zone: str = "UTC") -> Adults:
    """Read the adults around a pupil, as far as a step needs them; `typed` is part of a name to look for.

    `zone` is the school's, whose days are told.
    """
    if need == "nobody":
        return Adults()
    able = {one.id: one for one in gotos.can_be_named(session, pupil.school_id)}
    named = gotos.standing(session, pupil.id)
    first, second, for_now = (
        _adult(sealer, able[named[place].staff_id]) if place in named and named[place].staff_id in able else None
        for place in (*gotos.PLACES, gotos.FOR_NOW)
    )
    tutor = tutor_of(session, pupil.group_id)
    asked = {row.staff_id for row in named.values()} | ({tutor.id} if tutor else set())
    away = gotos.away_for_long(session, pupil.school_id, asked.union(able) if need == "everyone" else asked)
    everyone = _directory(session, sealer, list(able.values())) if need == "everyone" else ()
    return Adults(
        gotos=(first, second),
        tutor=_adult(sealer, tutor) if tutor else None,
        leads=bool(with_role(session, pupil.school_id, "dsl", "deputy_dsl", "head")),
        everyone=everyone,
        found=find(typed, everyone),
        for_now=for_now,
        away=tuple(Away(id.hex, back.astimezone(ZoneInfo(zone)).date()) for id, back in sorted(away.items())),
    )


def _adult(sealer: Sealer, staff: Staff) -> Adult:
    return Adult(staff.id.hex, name_of(sealer, staff))


def _directory(session: Session, sealer: Sealer, staff: Sequence[Staff]) -> tuple[Adult, ...]:
    """The names that can be chosen, by surname; two of the same name are told apart by their tutor group."""
    # A name that does not open is nobody that could be looked for.
    adults = [one for one in (_adult(sealer, member) for member in staff) if one.name != UNNAMED]
    count = Counter(one.name for one in adults)
    twice = [one for one in staff if count[name_of(sealer, one)] > 1]
    tutors = select(TutorGroup).where(col(TutorGroup.tutor_id).in_([one.id for one in twice]))
    beside = {group.tutor_id.hex: group.name for group in session.exec(tutors) if group.tutor_id} if twice else {}
    told = (Adult(one.id, f"{one.name} ({beside[one.id]})") if one.id in beside else one for one in adults)
    return tuple(sorted(told, key=_by_surname))


def _by_surname(adult: Adult) -> tuple[str, str, str]:
    words = plain(adult.name).split()
    return words[-1] if words else "", " ".join(words), adult.id


def plain(name: str) -> str:
    """Put a name into small letters without accents or signs, words apart by one space."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(map(_plain_sign, letters)).split())


def _plain_sign(sign: str) -> str:
    if sign.isalnum():
        return sign
    return "" if unicodedata.combining(sign) or sign in "'’" else " "


def find(typed: str, adults: Sequence[Adult]) -> tuple[Adult, ...]:
    """Find the names that words are likest to, the likest first: all about as like as the best, eight at most."""
    if len(typed) > LONGEST:
        return ()
    asked = plain(typed).split()
    wanted = [word for word in asked if word not in TITLES] or asked
    if not wanted:
        return ()
    scores = [(_likeness(wanted, plain(one.name).split()), one) for one in adults]
    best = max((score for score, _ in scores), default=0.0)
    if best < LIKE_ENOUGH:
        return ()
    found = [(score, one) for score, one in scores if score >= max(LIKE_ENOUGH, best - AS_LIKE)]
    return tuple(one for _, one in sorted(found, key=lambda each: (-each[0], _by_surname(each[1])))[:SHOWN])


def _likeness(wanted: Sequence[str], name: Sequence[str]) -> float:
    """How like (0 to 100) words are to a name: the mean over the words, each beside the word it fits best."""
    return sum(max((_word(word, part) for part in name), default=0.0) for word in wanted) / len(wanted)


def _word(typed: str, part: str) -> float:
    # Here, as with Pillow elsewhere: the service starts without what is needed now and then.
    from rapidfuzz import fuzz

    whole = fuzz.ratio(typed, part)
    # Part of a name, typed right, is as good as all of it.
    return max(whole, 100.0) if part.startswith(typed) else max(whole, fuzz.ratio(typed, part[: len(typed)]) * 0.95)
