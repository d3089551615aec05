"""Bank holidays by nation, from the `holidays` library: one year at a time, kept for the life of the process."""

from datetime import date
from functools import lru_cache
from typing import Final

import holidays

HOME_NATIONS: Final = ("ENG", "WLS", "SCT", "NIR")


@lru_cache(maxsize=512)
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    """The bank holidays of one year in a nation: ENG, WLS, SCT, NIR, or the two letters of a country."""
    known = (
        holidays.country_holidays("GB", subdiv=nation, years=year)
        if nation in HOME_NATIONS
        else holidays.country_holidays(nation, years=year)
    )
    return frozenset(day for day in known if day.year == year)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """List the countries whose bank holidays are known, by their two letters; the United Kingdom goes by nation."""
    # GB alone would leave out the days its nations do not share, such as Easter Monday.
    return frozenset(holidays.list_supported_countries(include_aliases=False)) - {"GB"}
