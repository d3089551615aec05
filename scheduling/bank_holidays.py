"""Bank holidays by nation, from the `holidays` library; those of the home nations were written down from it.

The library loads the calendars of all countries at once, 20 MB and a fifth of a second: it is asked only for what
`bank_holidays.txt` does not hold. `python -m scheduling.bank_holidays` prints that file anew, and a test compares.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

HOME_NATIONS: Final = ("ENG", "WLS", "SCT", "NIR")
WRITTEN: Final = range(2020, 2041)
_FILE = Path(__file__).with_name("bank_holidays.txt")


@lru_cache(maxsize=512)
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    """The bank holidays of one year in a nation: ENG, WLS, SCT, NIR, or the two letters of a country."""
    return _written().get((nation, year)) or asked(nation, year)


def asked(nation: str, year: int) -> frozenset[date]:
    """Ask the library itself for the bank holidays of one year."""
    # Here, for most schools never need it: see above.
    import holidays

    known = (
        holidays.country_holidays("GB", subdiv=nation, years=year)
        if nation in HOME_NATIONS
        else holidays.country_holidays(nation, years=year)
    )
    return frozenset(day for day in known if day.year == year)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """List the countries whose bank holidays are known, by their two letters; the United Kingdom goes by nation."""
    # Here as above.
    import holidays

    # GB alone would leave out the days its nations do not share, such as Easter Monday.
    return frozenset(holidays.list_supported_countries(include_aliases=False)) - {"GB"}


def lines() -> Iterator[str]:
    """Write down what the library says: "ENG 2026 01-01 04-03 …", a line for each home nation and year."""
    for nation in HOME_NATIONS:
        for year in WRITTEN:
            yield f"{nation} {year} " + " ".join(f"{day:%m-%d}" for day in sorted(asked(nation, year)))


@cache
def _written() -> dict[tuple[str, int], frozenset[date]]:
    found = {}
    for line in _FILE.read_text().splitlines():
        nation, year, *days = line.split()
        found[nation, int(year)] = frozenset(date.fromisoformat(f"{year}-{day}") for day in days)
    return found


if __name__ == "__main__":
    print("\n".join(lines()))
