from datetime import date

import pytest

from scheduling.bank_holidays import HOME_NATIONS, WRITTEN, asked, bank_holidays, countries, lines


@pytest.mark.parametrize("nation", HOME_NATIONS)
def test_what_was_written_down_is_what_the_library_says(nation: str):
    # If this fails after the library was updated: python -m scheduling.bank_holidays > scheduling/bank_holidays.txt
    assert [bank_holidays(nation, year) for year in WRITTEN] == [asked(nation, year) for year in WRITTEN]


def test_a_year_or_country_that_was_not_written_down_is_asked_of_the_library():
    assert date(2050, 4, 11) in bank_holidays("ENG", 2050)
    assert date(2026, 3, 17) in bank_holidays("IE", 2026)
    assert WRITTEN.stop <= 2050


def test_the_lines_of_the_file_hold_a_nation_a_year_and_its_days():
    first = next(lines())
    assert first == "ENG 2020 01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-26 12-28"
    assert len(list(lines())) == len(HOME_NATIONS) * len(WRITTEN)


def test_the_united_kingdom_goes_by_nation():
    assert "IE" in countries()
    assert "GB" not in countries()
