"""School years as lists write them, those that take part, and the younger ones of a primary, who do not."""

import re
from datetime import date
from typing import Final

from store.tables import Phase

YEARS: Final = range(1, 14)
# Reception is 0, the nursery's years are those before it, down to two-year-olds.
YOUNGER: Final = range(-3, 1)
# The questions are written for those of eight and more, which nobody is at the beginning of these years.
UNDER_EIGHT: Final = range(1, 4)
LAST_YOUNG_YEAR: Final = 6

_WORD: Final = r"(?:(?:national curriculum |nc )?(?:year|yr|y)\.? *(?:group)? *)?"
_YEAR: Final = re.compile(_WORD + r"0?([0-9]{1,2})", re.IGNORECASE)
_YOUNGER: Final = re.compile(
    _WORD + r"(?:r|rec|reception|n *[12]?|nur|nursery *[12]?|pre[ -]?school|eyfs|early years|e[12]|f[12]|fs *[12]"
    r"|foundation(?: stage)? *[12]?|0{1,2}|-[123])(?: class)?|yr",
    re.IGNORECASE,
)


def read_year(cell: str) -> int | None:
    """Read a year group: one of YEARS, 0 for any that is younger, None for what is no year."""
    if _YOUNGER.fullmatch(cell):
        return 0
    # Digits of other scripts, and numbers too long to read, are not years either.
    found = _YEAR.fullmatch(cell)
    return int(found[1]) if found and int(found[1]) in YEARS else None


def year_of_age(born: date, today: date) -> int:
    """Say which year somebody's age puts them in, 0 for Reception; schools turn in September."""
    return _september(today) - _september(born) - 5


def phase_of(year: int) -> Phase:
    """Say which wording a school year reads: young to year 6 (ages 8 to 11), then older."""
    return "young" if year <= LAST_YOUNG_YEAR else "older"


def _september(day: date) -> int:
    """Give the calendar year in which the school year of a day began."""
    return day.year if day.month >= 9 else day.year - 1
